import pytest
import torch
from samples import picture

from styler.images.pixels import luminance
from styler.transfer.color import with_kept_content
from styler.transfer.detail import fine_luminance


def test_a_picture_without_structure_has_no_detail():
    assert float(fine_luminance(torch.full((1, 3, 40, 40), 0.3)).abs().max()) < 1e-6
    ramp = torch.linspace(0, 1, 200).expand(1, 3, 40, 200)
    assert float(fine_luminance(ramp)[..., 8:-8].abs().max()) < 1e-3


def test_faint_texture_is_detail_and_a_strong_edge_is_not():
    texture = 0.5 + 0.02 * torch.randn(1, 3, 64, 64)
    assert float(fine_luminance(texture).std()) > 0.8 * float(luminance(texture).std())
    edge = torch.zeros(1, 3, 64, 64)
    edge[..., 32:] = 1
    assert float(fine_luminance(edge).abs().max()) < 0.02


def test_detail_of_the_content_comes_back_in_the_share_asked_for():
    content, stylized = picture(48, 56), torch.full((1, 3, 48, 56), 0.5)
    result = with_kept_content(stylized.clone(), content, detail=0.5)
    torch.testing.assert_close(result, stylized + 0.5 * fine_luminance(content).expand(-1, 3, -1, -1))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_parts_of_a_large_picture_meet_without_a_seam(dtype, monkeypatch):
    full = torch.iinfo(dtype).max
    content = (picture(80, 90) * full).to(dtype)
    stylized = torch.full_like(content, full // 2)
    whole = with_kept_content(stylized.clone(), content, detail=1.0)
    monkeypatch.setattr("styler.transfer.color.TILE", 32)
    assert torch.equal(with_kept_content(stylized.clone(), content, detail=1.0), whole)

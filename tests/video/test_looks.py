import pytest
import torch

from styler.choices import LEVELS
from styler.matrix_sqrt import bures_wasserstein
from styler.transfer.moments import Moments, wasserstein
from styler.transfer.style import Style
from styler.video.looks import AlphaPath, StyleKey, StylePath, geodesic


def moments(seed, size=6):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(1, size, 2 * size, generator=generator, dtype=torch.float64)
    return Moments(torch.randn(1, size, generator=generator, dtype=torch.float64), root @ root.mT / size)


def style(seed):
    return Style({level: moments(seed + 10 * k) for k, level in enumerate(LEVELS)}, roughness=(float(seed),))


def test_a_path_divides_the_distance_in_its_shares():
    a, b = moments(0), moments(1)
    whole = wasserstein(a, b).sqrt()
    for share in (0.0, 0.25, 0.5, 1.0):
        here = geodesic(a, b, share)
        torch.testing.assert_close(wasserstein(a, here).sqrt(), share * whole, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(wasserstein(here, b).sqrt(), (1 - share) * whole, atol=1e-5, rtol=1e-5)


def test_commuting_covariances_are_interpolated_in_their_deviations():
    a, b = (
        Moments(torch.zeros(1, 2).double(), torch.diag(torch.tensor(x).double())[None]) for x in ([1.0, 4], [9, 16])
    )
    torch.testing.assert_close(geodesic(a, b, 0.5).covariance, torch.diag(torch.tensor([4.0, 9]).double())[None])


def test_styles_pass_through_their_keyframes_and_stay_at_the_ends():
    keys = [StyleKey(float(k), style(k)) for k in (1, 2, 4)]
    path = StylePath(keys[::-1])
    for seconds, key in ((0.0, keys[0]), (1.0, keys[0]), (2.0, keys[1]), (4.0, keys[2]), (9.0, keys[2])):
        for level in LEVELS:
            torch.testing.assert_close(path.at(seconds)[level].covariance, key.style[level].covariance)
    between = path.at(3.0)
    assert between.roughness == (3.0,)
    torch.testing.assert_close(
        between["relu2_1"].mean, (keys[1].style["relu2_1"].mean + keys[2].style["relu2_1"].mean) / 2
    )


def test_a_style_changes_little_in_a_little_time():
    path = StylePath([StyleKey(0.0, style(1)), StyleKey(1.0, style(2))])
    a, b = (path.at(seconds)["relu3_1"].covariance for seconds in (0.5, 0.501))
    assert float(bures_wasserstein(a, b)) < 1e-4


@pytest.mark.parametrize(("seconds", "alpha"), [(0, 0.2), (1, 0.2), (2, 0.6), (3, 1.0), (9, 1.0)])
def test_strength_is_linear_between_keyframes(seconds, alpha):
    assert AlphaPath(1.0, [(3.0, 1.0), (1.0, 0.2)]).at(seconds) == pytest.approx(alpha)


def test_strength_without_keyframes_is_the_one_given():
    assert AlphaPath({"relu4_1": 0.5}).at(3.0) == {"relu4_1": 0.5}

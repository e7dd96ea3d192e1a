import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from styler.covariance import SecondOrderHead
from styler.covariance.second_order_head import singular_value_root


def exact_root(a: Tensor) -> Tensor:
    u, s, vh = torch.linalg.svd(a, full_matrices=False)
    return u @ torch.diag_embed(s.sqrt()) @ vh


@pytest.mark.parametrize("shape", [(2, 5, 5), (2, 6, 4), (2, 4, 6)])
def test_singular_values_get_their_roots(shape):
    a = torch.randn(shape, dtype=torch.float64)
    assert_close(singular_value_root(a, eps=0), exact_root(a), rtol=1e-7, atol=1e-7)


def test_small_singular_values_are_not_raised():
    u, v = (torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64))[0] for _ in range(2))
    a = u @ torch.diag(torch.tensor([1.0, 0.5, 0.2, 1e-7]).double()) @ v.T
    values = torch.linalg.svdvals(singular_value_root(a, eps=1e-4))
    assert_close(values[:3], torch.tensor([1.0, 0.5, 0.2]).double().sqrt(), rtol=1e-2, atol=0)
    assert float(values[3]) < 1e-5


@pytest.mark.parametrize("sizes", [(4, 3), (3, 4), (4,)])
def test_logits_equal_a_plain_reference(sizes):
    head = SecondOrderHead(5, 3, projections=sizes, eps=0, dtype=torch.float64).eval()
    tokens = torch.randn(2, 20, 5, dtype=torch.float64)
    expected = []
    for item in tokens:
        projected = [F.relu(p[1](F.linear(item[1:], p[0].weight))) for p in head.projections]
        x, y = (part - part.mean(0) for part in (projected[0], projected[-1]))
        a = x.T @ y / len(x)
        pooled = exact_root(a) if len(sizes) == 2 else exact_root(a)[*torch.triu_indices(4, 4)]
        expected.append(head.class_logits(item[0]) + head.visual_logits(pooled.flatten()))
    assert_close(head(tokens), torch.stack(expected), rtol=1e-6, atol=1e-6)


def test_without_visual_logits_it_is_the_class_tokens_classifier():
    head = SecondOrderHead(5, 3, projections=(4, 4))
    nn.init.zeros_(head.visual_logits.weight)
    nn.init.zeros_(head.visual_logits.bias)
    tokens = torch.randn(2, 9, 5)
    assert_close(head(tokens), head.class_logits(tokens[:, 0]))


def test_the_order_of_visual_tokens_does_not_matter():
    head = SecondOrderHead(5, 3, projections=(4, 4)).eval()
    tokens = torch.randn(2, 9, 5)
    shuffled = tokens[:, [0, *(torch.randperm(8) + 1).tolist()]]
    assert_close(head(shuffled), head(tokens), rtol=1e-4, atol=1e-4)


def test_one_visual_token_has_no_covariance_and_is_left_to_the_class_token():
    head = SecondOrderHead(5, 3).eval()
    tokens = torch.randn(2, 2, 5)
    assert_close(head(tokens), head.class_logits(tokens[:, 0]) + head.visual_logits.bias)


@pytest.mark.parametrize("sizes", [(), (4, 4, 4), (4, 0)])
def test_projections_are_one_or_two(sizes):
    with pytest.raises(ValueError, match="expected projections of one or two sizes"):
        SecondOrderHead(5, 3, projections=sizes)


def test_one_token_in_all_cannot_train():
    with pytest.raises(ValueError, match="expected tokens with more than one visual token"):
        SecondOrderHead(5, 3)(torch.randn(1, 2, 5))

import torch

from styler.transfer.adam import Adam


def test_steps_are_those_of_torch():
    target = torch.rand(1, 3, 20, 30)
    pixels = torch.full((1, 3, 20, 30), 0.5)
    other = pixels.clone().requires_grad_()
    adam, theirs = Adam(pixels, dtype=torch.float32), torch.optim.Adam([other], lr=0.01, betas=(0.9, 0.99), eps=1e-6)
    for _ in range(5):
        adam.update(pixels, pixels - target, rate=0.01)
        other.grad = other.detach() - target
        theirs.step()
    torch.testing.assert_close(pixels, other.detach(), rtol=0, atol=1e-6)


def test_half_precision_and_16_bit_pixels_come_to_the_same_picture():
    target, start = torch.rand(1, 3, 20, 30), torch.rand(1, 3, 20, 30)
    exact, coarse = start.clone(), (start * 65535).round().to(torch.int32).to(torch.uint16)
    one, other = Adam(exact, dtype=torch.float32), Adam(coarse, dtype=torch.float16)
    for _ in range(10):
        for adam, pixels in ((one, exact), (other, coarse)):
            floats = pixels if pixels.is_floating_point() else pixels.float() / 65535
            adam.update(pixels, floats - target, rate=0.01)
    torch.testing.assert_close(coarse.float() / 65535, exact, rtol=0, atol=3e-4)


def test_pixels_without_a_gradient_stay():
    pixels = torch.rand(1, 3, 8, 8)
    before = pixels.clone()
    Adam(pixels, dtype=torch.float32).update(pixels, torch.zeros_like(pixels), rate=0.1)
    assert pixels.equal(before)


def test_a_resized_state_goes_on_as_if_it_had_always_been_of_that_size():
    slope = torch.rand(1, 3, 1, 1)
    small, large = torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 16, 24), 0.5)
    resized, always = Adam(small, dtype=torch.float32), Adam(large, dtype=torch.float32)
    for _ in range(3):
        resized.update(small, slope.expand_as(small), rate=0.01)
        always.update(large, slope.expand_as(large), rate=0.01)
    other = large.clone()
    resized.resize(other, dtype=torch.float32)
    resized.update(other, -slope.expand_as(other), rate=0.01)
    always.update(large, -slope.expand_as(large), rate=0.01)
    torch.testing.assert_close(other, large)

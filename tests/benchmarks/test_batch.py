from styler.benchmarks.batch import batch_rows
from styler.transfer.stylizer import Stylizer


def test_rounds_time_the_network_and_the_batch(folder, picture_file, tiny_file):
    contents = sorted(folder("c", 3).iterdir())
    stylizer = Stylizer(tiny_file, device="cpu", dtype="float32")
    rows = list(batch_rows(contents, picture_file("style.png"), stylizer, size=32, format="jpg", repeats=2))
    assert [row.pictures for row in rows] == [3, 3]
    assert all(0 < row.network < 60 and 0 < row.batch < 60 for row in rows)

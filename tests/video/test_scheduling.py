"""As root on Linux; elsewhere no encoder can take more than its share."""

import os
import sys
import threading
from fractions import Fraction

import pytest
from clips import write_clip

from styler.video.encoding import encoding_for
from styler.video.reading import open_video
from styler.video.scheduling import ordinary_scheduling, real_time_threads

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="such scheduling is found on Linux alone")


def test_no_thread_of_an_encoder_is_real_time(tmp_path):
    info = open_video(write_clip(tmp_path / "a.mkv")).info
    times = {"size": (64, 64), "time_base": Fraction(1, 25), "rate": Fraction(25)}
    context = encoding_for(info, tmp_path / "b.mkv", codec="av1", **times).context()
    assert context.is_open
    assert real_time_threads() == set()


def test_no_thread_is_real_time_after_a_clip(stylized, tmp_path):
    stylized(write_clip(tmp_path / "a.mkv"), tmp_path / "b.mkv", codec="av1")
    assert real_time_threads() == set()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a thread real-time")
def test_what_was_real_time_before_stays_so():
    found = []

    def work():
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        with ordinary_scheduling():
            found.append(real_time_threads() == {threading.get_native_id()})
        found.append(os.sched_getscheduler(0) == os.SCHED_RR)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True, True]

"""Work done once for each key, whoever asks for it, and however many."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from safe_pip.index.once import OnceEach


def test_the_work_is_done_once() -> None:
    """A page that two dozen threads want is fetched once."""
    done: Counter[int] = Counter()
    lock = threading.Lock()

    def work(key: int) -> str:
        with lock:
            done[key] += 1
        time.sleep(0.001)
        return str(key)

    once = OnceEach(work)
    with ThreadPoolExecutor(16) as pool:
        asked = [number % 20 for number in range(2000)]
        assert list(pool.map(once.result, asked)) == [str(key) for key in asked]
    assert done == Counter(range(20))


def test_begun_ahead_is_not_done_again() -> None:
    """What was begun in the background is waited for, not repeated."""
    started, go = threading.Event(), threading.Event()
    calls = []

    def work(key: str) -> str:
        calls.append(key)
        started.set()
        assert go.wait(20)
        return key.upper()

    once = OnceEach(work)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(once.begin, "a")
        assert started.wait(20)
        assert once.known("a")
        assert not once.known("b")
        result = pool.submit(once.result, "a")
        time.sleep(0.05)
        assert not result.done()
        go.set()
        assert result.result(20) == "A"
    once.begin("a")
    assert once.result("a") == "A"
    assert calls == ["a"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_the_error_of_the_work_is_its_result(error: BaseException) -> None:
    """Whoever asks hears of it, each time; a thread that only began the work is not ended by it."""
    calls = []

    def work(key: str) -> None:
        calls.append(key)
        raise error

    once = OnceEach(work)
    once.begin("a")
    for _ in range(3):
        with pytest.raises(type(error)) as raised:
            once.result("a")
        assert raised.value is error
    assert calls == ["a"]


def test_work_may_ask_for_other_results() -> None:
    """The metadata of a file needs its page; no lock may be held while work is done."""
    once: OnceEach[int, int] = OnceEach(lambda key: 1 if key < 2 else once.result(key - 1) + once.result(key - 2))
    assert once.result(60) == 2504730781961


def test_a_pool_of_one_thread_begins_and_waits() -> None:
    """The one thread waits for a result whose beginning is queued behind it: it must do the work itself."""
    once: OnceEach[str, str] = OnceEach(lambda key: key * 2)

    with ThreadPoolExecutor(1) as pool:

        def outer() -> str:
            pool.submit(once.begin, "a")
            return once.result("a")

        assert pool.submit(outer).result(20) == "aa"


def test_many_threads_and_a_small_pool() -> None:
    """Twenty threads that each begin work in one pool of two, and wait for one another's, all come to an end."""
    with ThreadPoolExecutor(2) as pool:

        def work(key: int) -> int:
            if key == 0:
                return 0
            pool.submit(once.begin, key - 1)
            return once.result(key - 1) + 1

        once = OnceEach(work)
        with ThreadPoolExecutor(20) as asking:
            assert list(asking.map(once.result, range(100), timeout=60)) == list(range(100))

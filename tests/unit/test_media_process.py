"""The decoder process: what it survives, what it cannot reach, and that it always ends."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
from PIL import Image

from shopreco.media import Decoder, DecoderFailed, DecoderUnavailable, Limits, MediaRejected
from shopreco.media.protocol import FRAMES, Message, write_message
from tests.helpers.media import BLUE, GREEN, RED, drawing, encoded, main_colour, process_of, video

ROOT = Path(__file__).resolve().parent.parent.parent
RED_PICTURE, GREEN_PICTURE, BLUE_PICTURE = (
    encoded(drawing(colour), "PNG") for colour in (RED, GREEN, BLUE)
)


# Ends


def test_a_decoder_that_hangs_is_ended() -> None:
    with Decoder(Limits(decoding_seconds=1)) as decoder:
        process = process_of(decoder)
        process.suspend()

        with pytest.raises(MediaRejected, match="longer than 1 seconds"):
            decoder.picture(BLUE_PICTURE)

        assert main_colour(decoder.picture(GREEN_PICTURE)) == "green"
        assert not process.is_running()


def test_a_decoder_that_is_too_slow_is_ended() -> None:
    """The time is spent inside FFmpeg, where no signal handler of Python would run."""
    slow = video([(drawing(size=(1280, 720)), 100)])
    with (
        Decoder(Limits(decoding_seconds=0.05)) as decoder,
        pytest.raises(MediaRejected, match="longer than"),
    ):
        decoder.frames(slow)


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGSEGV, MediaRejected), (signal.SIGKILL, DecoderFailed)],
    ids=["a fault in a library", "a machine without memory"],
)
def test_a_crash_costs_one_file(number: signal.Signals, error: type[Exception]) -> None:
    with Decoder() as decoder:
        process = process_of(decoder)
        process.suspend()

        def crash() -> None:
            process.send_signal(number)
            if number != signal.SIGKILL:
                process.resume()  # what is suspended notices other signals only then

        threading.Timer(0.5, crash).start()
        with pytest.raises(error, match=number.name):
            decoder.picture(BLUE_PICTURE)

        assert main_colour(decoder.picture(GREEN_PICTURE)) == "green"


def test_a_decoder_that_died_between_files_costs_none() -> None:
    with Decoder() as decoder:
        process = process_of(decoder)
        process.kill()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)

        assert main_colour(decoder.picture(BLUE_PICTURE)) == "blue"


def test_an_interrupted_file_does_not_answer_the_next() -> None:
    class TaskTimeLimit(Exception):
        pass

    def interrupt(number: int, frame: object) -> None:
        raise TaskTimeLimit

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Decoder() as decoder:
            process_of(decoder).suspend()
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(TaskTimeLimit):
                decoder.picture(BLUE_PICTURE)

            assert main_colour(decoder.picture(GREEN_PICTURE)) == "green"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_fresh_process_follows_after_a_number_of_files() -> None:
    with Decoder(Limits(files_per_process=2)) as decoder:
        pids = [process_of(decoder).pid for _ in range(4)]

    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_closing_ends_the_process_and_the_next_file_starts_another() -> None:
    decoder = Decoder()
    process = process_of(decoder)

    decoder.close()
    decoder.close()
    assert not process.is_running()

    assert main_colour(decoder.picture(RED_PICTURE)) == "red"
    decoder.close()


def test_a_forgotten_decoder_leaves_no_process() -> None:
    decoder = Decoder()
    process = process_of(decoder)

    del decoder

    assert not process.is_running()


# The worker


def run_python(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


def test_the_process_ends_with_a_worker_that_is_killed() -> None:
    code = """
import os, signal, sys, psutil
from shopreco.media import Decoder
decoder = Decoder()
decoder.picture(bytes.fromhex(sys.argv[1]))
print(psutil.Process().children()[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    worker = subprocess.run(
        [sys.executable, "-c", code, RED_PICTURE.hex()],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert worker.returncode == -signal.SIGKILL
    pid = int(worker.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the decoder has outlived its worker"
        time.sleep(0.05)


def test_a_process_that_hangs_without_a_worker_ends_itself() -> None:
    limits = Limits(decoding_seconds=0.05)
    request = io.BytesIO()
    write_message(request, Message(FRAMES, video([(drawing(size=(1280, 720)), 100)])))

    finished = subprocess.run(
        [sys.executable, "-m", "shopreco.media.process", json.dumps(asdict(limits))],
        cwd=ROOT,
        input=request.getvalue(),
        check=False,
        capture_output=True,
        timeout=60,
    )

    assert finished.returncode == -signal.SIGALRM


def test_a_worker_that_forks_shares_no_process() -> None:
    """Celery forks its pool after the code is imported, maybe after a file was decoded."""
    code = """
import os, sys
from shopreco.media import Decoder
red, blue = map(bytes.fromhex, sys.argv[1:])
decoder = Decoder()
decoder.picture(red)
pid = os.fork()
for _ in range(20):
    colour = decoder.picture(red if pid else blue).getpixel((159, 119))
    assert colour == ((200, 30, 30) if pid else (30, 30, 200)), colour
if pid:
    print(os.waitpid(pid, 0)[1])
decoder.close()
"""
    assert run_python(code, RED_PICTURE.hex(), BLUE_PICTURE.hex()).split() == ["0"]


def test_a_worker_that_ends_without_closing_is_silent() -> None:
    code = """
import sys
from shopreco.media import Decoder
decoder = Decoder()
decoder.picture(bytes.fromhex(sys.argv[1]))
"""
    finished = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code, RED_PICTURE.hex()],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert finished.stdout + finished.stderr == b""


# What it can reach


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_has_no_secrets_and_opens_no_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop:secret@db/shop")
    with Decoder() as decoder:
        proc = Path("/proc") / str(process_of(decoder).pid)

        assert b"secret" not in (proc / "environ").read_bytes()
        assert {path.name for path in (proc / "fd").iterdir()} == {"0", "1", "2", "3"}
        limits = (proc / "limits").read_text()
        assert re.search(r"Max open files +0 +0 ", limits)
        assert re.search(rf"Max address space +{decoder.limits.memory} ", limits)


def test_the_process_imports_only_what_decodes() -> None:
    code = """
import sys
from shopreco.media.process import load_libraries
load_libraries()
print(*(name for name in ("django", "celery", "torch", "numpy") if name in sys.modules))
"""
    assert run_python(code).split() == []


def test_importing_the_package_loads_no_library() -> None:
    code = """
import sys
import shopreco.media, shopreco.media.process
print(*(name for name in ("PIL", "av") if name in sys.modules))
"""
    assert run_python(code).split() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process maps")
def test_memory_is_bounded() -> None:
    large = encoded(Image.new("RGBA", (7000, 7000)), "PNG", compress_level=1)
    with Decoder(Limits(memory=300 * 2**20)) as decoder:
        process = process_of(decoder)

        with pytest.raises(MediaRejected, match="more than 300 MB of memory"):
            decoder.picture(large)

        assert process_of(decoder) == process


# Whose fault


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("OSError('image file is truncated')", MediaRejected),
        ("SyntaxError('broken PNG file')", MediaRejected),
        ("__import__('av').error.InvalidDataError(1, 'invalid')", MediaRejected),
        ("TypeError('unexpected keyword argument')", DecoderFailed),
        ("AttributeError('no attribute')", DecoderFailed),
        ("ImportError('no module')", DecoderFailed),
        ("OSError(24, 'Too many open files')", DecoderFailed),
        ("__import__('av').error.OptionNotFoundError(1, 'no option')", DecoderFailed),
    ],
)
def test_only_a_librarys_words_on_data_reject_a_file(
    error: str, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "from PIL.ImageFile import ImageFile\n"
        "real = ImageFile.load\n"
        "def load(self): ImageFile.load = real; raise " + error + "\n"
        "ImageFile.load = load\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with Decoder() as decoder:
        with pytest.raises(kind):
            decoder.picture(RED_PICTURE)

        assert main_colour(decoder.picture(GREEN_PICTURE)) == "green", "it costs one file"


def test_a_program_error_of_the_decoder_itself_is_not_the_files_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import shopreco.media.protocol as protocol\n"
        "def fail(images): sys.exit('a mistake')\n"
        "protocol.images_message = fail\nimport sys\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with Decoder() as decoder, pytest.raises(DecoderFailed, match="status 1"):
        decoder.picture(RED_PICTURE)


# A decoder that does not start


def test_a_missing_library_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('there is no FFmpeg')")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(DecoderUnavailable, match=r"shopreco\[worker\].*there is no FFmpeg"):
        Decoder().picture(RED_PICTURE)


@pytest.mark.parametrize(
    ("program", "words"), [("/bin/false", "status 1"), ("/no/python", "No such file")]
)
def test_a_process_that_does_not_start_is_no_fault_of_the_file(
    program: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)

    with pytest.raises(DecoderUnavailable, match=words):
        Decoder().picture(RED_PICTURE)

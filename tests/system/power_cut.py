"""Every disk that a power cut could leave behind, made from the writes that a program really did, and opened again.

The program runs under strace, which tells each write, flush, truncation and change of a folder in the order in which they were
made. A cut may come after any of them. What was flushed before is there; of what was not, a disk may have kept nothing, all,
any part in any order, and of a single write any of its sectors of 512 bytes. File names that were not flushed with their folder
may be missing, or still there. (A disk that claims to have flushed and has not is beyond any program.)

    python -m tests.system.power_cut EVENTS        # all cut points, with the control; prints what was found
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from agent.state import Outbox, State
from agent.state_file import FILE_NAME
from tests.agent.fakes import stamp
from wire.messages import AgentStarted

SECTOR = 512
_CALLS = "openat,close,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename"
_LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Write:
    file: int
    at: int
    data: bytes


@dataclass(frozen=True)
class Truncate:
    file: int
    size: int


@dataclass(frozen=True)
class Flush:
    """``file``: None for the folder."""

    file: int | None


@dataclass(frozen=True)
class Name:
    """From now on the name is this file's; None: nobody's."""

    name: str
    file: int | None


@dataclass(frozen=True)
class Told:
    """The program said that this event is on the disk."""

    n: int


Step = Write | Truncate | Flush | Name | Told


# --- what the program did -----------------------------------------------------------------------------------------------


def record(directory: Path, events: int, how: str) -> list[Step]:
    """Run the writer in ``directory`` and return all it did there."""
    trace = directory.with_name(f"{directory.name}.trace")
    directory.mkdir()
    writer = [sys.executable, "-m", "tests.system.power_cut_writer", str(directory), str(events), how]
    strace = ["strace", "-o", str(trace), "-e", f"trace={_CALLS}", "-xx", "-s", "200000", *writer]
    subprocess.run(strace, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with trace.open() as lines:
        return list(_Reader(directory).steps(lines))


class _Reader:
    """Understands the calls that SQLite makes; anything else on these files would be an error, not to be passed over."""

    def __init__(self, directory: Path) -> None:
        self._folder = str(directory)
        self._open: dict[int, str | None] = {}  # descriptor: file name, or None for the folder
        self._names: dict[str, int] = {}
        self._made = 0

    def steps(self, lines: Iterator[str]) -> Iterator[Step]:
        for line in lines:
            found = _LINE.match(line)
            if found and int(found[3]) >= 0:
                yield from self._step(found[1], found[2], int(found[3]))

    def _step(self, call: str, arguments: str, result: int) -> Iterator[Step]:
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        if call == "openat":
            yield from self._opened(texts[0].decode(), arguments, result)
        elif call == "unlink":
            if (name := self._own(texts[0].decode())) is not None:
                self._names.pop(name)
                yield Name(name, None)
        elif call == "rename":
            yield from self._renamed(*(self._own(text.decode()) for text in texts))
        else:
            yield from self._on_descriptor(call, arguments, texts)

    def _opened(self, path: str, flags: str, descriptor: int) -> Iterator[Step]:
        self._open.pop(descriptor, None)
        if path == self._folder:
            self._open[descriptor] = None
        elif (name := self._own(path)) is not None:
            self._open[descriptor] = name
            if name not in self._names and "O_CREAT" in flags:
                self._made += 1
                self._names[name] = self._made
                yield Name(name, self._made)

    def _renamed(self, old: str | None, new: str | None) -> Iterator[Step]:
        if old is not None and new is not None:
            self._names[new] = self._names.pop(old)
            yield Name(old, None)
            yield Name(new, self._names[new])

    def _on_descriptor(self, call: str, arguments: str, texts: list[bytes]) -> Iterator[Step]:
        descriptor, *numbers = (int(one) for one in re.findall(r"(?:^|, )(-?\d+)", arguments))
        if call == "write" and descriptor == 1:
            yield Told(int(texts[0]))
        if descriptor not in self._open:
            return
        name = self._open[descriptor]
        file = None if name is None else self._names[name]
        if call == "close":
            del self._open[descriptor]
        elif call in ("fsync", "fdatasync"):
            yield Flush(file)
        elif call == "pwrite64" and file is not None:
            yield Write(file, numbers[-1], texts[0])
        elif call == "ftruncate" and file is not None:
            yield Truncate(file, numbers[-1])
        else:
            raise ValueError(f"{call} is not understood here")

    def _own(self, path: str) -> str | None:
        """The name in our folder. The index of the journal does not count: SQLite makes it anew after a cut."""
        folder, _, name = path.rpartition("/")
        return name if folder == self._folder and name and not name.endswith("-shm") else None


# --- what a cut leaves --------------------------------------------------------------------------------------------------


@dataclass
class Disk:
    """``safe``: what has been flushed. ``loose``: what has not, in order."""

    names: dict[str, int] = field(default_factory=dict)
    loose_names: list[Name] = field(default_factory=list)
    safe: dict[int, bytearray] = field(default_factory=dict)
    loose: dict[int, list[Write | Truncate]] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        match step:
            case Name():
                self.loose_names.append(step)
            case Write(file) | Truncate(file):
                self.loose.setdefault(file, []).append(step)
            case Flush(None):
                _rename(self.names, self.loose_names)
                self.loose_names = []
            case Flush(int(file)):
                for one in self.loose.pop(file, []):
                    _apply(self.safe.setdefault(file, bytearray()), one)

    def images(self, random: Random, several: int) -> Iterator[dict[str, bytes]]:
        """Files by name: nothing loose was kept, all of it, and then ``several`` times something in between."""
        yield self._image(random, 0.0)
        if self.loose or self.loose_names:
            yield self._image(random, 1.0)
            for _ in range(several):
                yield self._image(random, random.random())

    def _image(self, random: Random, share: float) -> dict[str, bytes]:
        """A folder's changes come in their order and break off somewhere; writes come in any order, and in sectors."""
        names = dict(self.names)
        kept = len(self.loose_names) if share == 1 else random.randrange(len(self.loose_names) + 1) if share else 0
        _rename(names, self.loose_names[:kept])
        return {name: bytes(self._content(file, random, share)) for name, file in names.items()}

    def _content(self, file: int, random: Random, share: float) -> bytearray:
        content = bytearray(self.safe.get(file, b""))
        loose = list(self.loose.get(file, []))
        if 0 < share < 1:
            loose = [part for one in loose for part in _sectors(one) if random.random() < share]
            random.shuffle(loose)
        for one in loose if share else []:
            _apply(content, one)
        return content


def _rename(names: dict[str, int], changes: list[Name]) -> None:
    for change in changes:
        if change.file is None:
            names.pop(change.name, None)
        else:
            names[change.name] = change.file


def _apply(content: bytearray, step: Write | Truncate) -> None:
    if isinstance(step, Truncate):
        del content[step.size :]
        content.extend(bytes(step.size - len(content)))
        return
    content.extend(bytes(max(0, step.at - len(content))))
    content[step.at : step.at + len(step.data)] = step.data


def _sectors(step: Write | Truncate) -> Iterator[Write | Truncate]:
    if isinstance(step, Truncate):
        yield step
        return
    at = step.at
    while at < step.at + len(step.data):
        end = min((at // SECTOR + 1) * SECTOR, step.at + len(step.data))
        yield Write(step.file, at, step.data[at - step.at : end - step.at])
        at = end


# --- is everything there ------------------------------------------------------------------------------------------------


@dataclass
class Found:
    cuts: int = 0
    images: int = 0
    lost: int = 0  # told events that are not there, over all images
    losing: int = 0  # images that lack some
    wrong: list[str] = field(default_factory=list)  # anything else


def try_all(steps: list[Step], expected: list[bytes], scratch: Path, several: int, seed: int = 0) -> Found:
    """Cut after each step, and open what is left with the agent's own code. ``expected``: every event's bytes, in order."""
    random, disk, found, told = Random(seed), Disk(), Found(), 0
    for at, step in enumerate(steps):
        disk.take(step)
        told = step.n if isinstance(step, Told) else told
        found.cuts += 1
        for image in disk.images(random, several):
            found.images += 1
            folder = scratch / "image"
            _lay_out(folder, image)
            missing, wrong = look(folder, expected, told)
            found.lost += missing
            found.losing += missing > 0
            found.wrong += [f"step {at}: {one}" for one in wrong]
    return found


def look(folder: Path, expected: list[bytes], told: int) -> tuple[int, list[str]]:
    """How many told events are missing, and what else is wrong. Also whether it can be written on."""
    state = State(folder, simulated=False)
    try:
        payloads = sent(state)
        wrong = [] if state.lost is None else [f"taken for damaged: {state.lost.reason}"]
        if [_without_outbox(one) for one in payloads] != expected[: len(payloads)]:
            wrong.append("not the events that were written")
        if len(payloads) > told + 1:
            wrong.append(f"{len(payloads)} events, of which {told} were told")
        if [one.checkpoint_s for one in state.running()] != ([len(payloads)] if payloads else []):
            wrong.append("half a transaction")
        n = state.write(0, lambda transaction: transaction.append(AgentStarted("1", stamp(0))))
        if n != len(payloads) + 1:
            wrong.append(f"the next number is {n} after {len(payloads)}")
        return max(0, told - len(payloads)), wrong
    finally:
        state.close()


def sent(state: State) -> list[bytes]:
    outbox = Outbox(state.path)
    payloads = [payload for _, payload in outbox.after(0, 10**6)]
    outbox.close()
    return payloads


def expected_events(directory: Path) -> list[bytes]:
    """Of the file that was never cut off."""
    state = State(directory, simulated=False)
    payloads = [_without_outbox(one) for one in sent(state)]
    state.close()
    return payloads


def _without_outbox(payload: bytes) -> bytes:
    """A file whose first moments were lost has another one."""
    return payload[payload.index(b'"n":') :]


def _lay_out(folder: Path, image: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in image.items():
        (folder / name).write_bytes(content)


def run(scratch: Path, events: int, how: str, several: int = 3) -> Found:
    steps = record(scratch / how, events, how)
    expected = expected_events(scratch / how)
    assert len(expected) == events
    assert FILE_NAME in {step.name for step in steps if isinstance(step, Name)}
    return try_all(steps, expected, scratch, several)


if __name__ == "__main__":
    for mode in ("full", "normal"):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as temporary:
            result = run(Path(temporary), int(sys.argv[1]), mode)
        print(
            f"synchronous={mode}: {result.cuts} cut points, {result.images} disks, {result.losing} lack told events"
            f" ({result.lost} in all), otherwise wrong: {len(result.wrong)} {result.wrong[:3]}"
        )

"""The commands of a job: mpirun with its options, and what makes and removes its hosts."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
from argparse import ArgumentTypeError

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETNS_HOSTS = ROOT / "cluster/netns/hosts"
NETNS_AGENT = ROOT / "cluster/netns/agent"

# mpirun may never say how the ranks ended, when it cannot reach a host: each writes its exit code
# down. Signals that mpirun sends go to the shell and the program; the shell lets them pass.
RECORD_EXIT_CODE = (
    "trap : HUP INT TERM USR1 USR2; "
    '"$@"; code=$?; echo $code >"$0/exit-code.$OMPI_COMM_WORLD_RANK"; exit $code'
)


class Unavailable(Exception):
    """What the job needs of the machine is not there; the message says what."""


@dataclasses.dataclass(frozen=True)
class ThisMachine:
    pass


@dataclasses.dataclass(frozen=True)
class Machines:
    """Reached by ssh; slots are the numbers of ranks that the user wants, if given."""

    names: list[str]
    slots: list[int] | None


@dataclasses.dataclass(frozen=True)
class NewNamespaces:
    count: int


@dataclasses.dataclass(frozen=True)
class ExistingNamespaces:
    """Some of the hosts of a set that exists, or all of them."""

    name: str
    chosen: list[str] | None


Hosts = ThisMachine | Machines | NewNamespaces | ExistingNamespaces


@dataclasses.dataclass(frozen=True)
class Commands:
    # Both or none: an empty list is no command.
    setup: list[str]
    mpirun: list[str]
    cleanup: list[str]
    # Reached by ssh: what runs there is not seen from here.
    machines: list[str]

    @property
    def all(self) -> list[list[str]]:
        return [line for line in (self.setup, self.mpirun, self.cleanup) if line]


def parse_hosts(text: str) -> Hosts:
    if text.startswith("netns:"):
        value = text.removeprefix("netns:")
        if re.fullmatch("[2-4]", value):
            return NewNamespaces(int(value))
        if re.fullmatch("[a-z][a-z0-9_]*", value):
            return ExistingNamespaces(value, None)
        if match := re.fullmatch(r"([a-z][a-z0-9_]*)-[1-9](,\1-[1-9])*", value):
            return ExistingNamespaces(match[1], value.split(","))
        raise ArgumentTypeError(
            f"expected netns:2, 3 or 4, netns:NAME, or netns:NAME-1,NAME-2,…, found {text}"
        )
    matches = [re.fullmatch(r"([^\s:,]+)(?::([1-9]\d*))?", host) for host in text.split(",")]
    names = [match[1] for match in matches if match]
    slots = [int(match[2]) for match in matches if match and match[2]]
    if len(names) < len(matches) or len(slots) not in (0, len(names)):
        raise ArgumentTypeError(f"expected H1,H2,… or H1:RANKS,H2:RANKS,…, found {text}")
    return Machines(names, slots or None)


def find_program(given: str | None) -> str:
    if given:
        found = shutil.which(given)
        missing = f"no program {given}"
    else:
        built = ROOT / ".build/release/lcnn-dist"
        # The last is that of the package which this file came with.
        candidates = (built, "lcnn-dist", ROOT / "../../bin/lcnn-dist")
        found = next(filter(None, map(shutil.which, candidates)), None)
        missing = f"no lcnn-dist at {built}, nor on the PATH; swift build -c release makes one"
    if not found:
        raise Unavailable(missing)
    return os.path.abspath(found)


def require_open_mpi() -> None:
    if not shutil.which("mpirun"):
        raise Unavailable("no mpirun on the PATH; on Debian: apt-get install openmpi-bin")
    # Without standard input, which a loop around this program may be reading.
    answer = subprocess.run(
        ["mpirun", "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    ).stdout
    if not re.search(r"\(Open MPI\) 4\.", answer):
        found = answer.strip().split("\n")[0] or "no version"
        raise Unavailable(f"needs the mpirun of Open MPI 4, found {found}")


def count_cores() -> int:
    """Physical cores that this process may use; mpirun counts them so."""
    cores = set()
    for cpu in os.sched_getaffinity(0):
        topology = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            package = (topology / "physical_package_id").read_text()
            cores.add((package, (topology / "core_id").read_text()))
        except OSError:
            cores.add(("cpu", cpu))
    return len(cores)


def even_slots(ranks: int, hosts: int) -> list[int]:
    """The first hosts get one more where the ranks do not divide; no host gets none."""
    if ranks < hosts:
        raise Unavailable(f"{ranks} ranks do not fill {hosts} hosts")
    return [ranks // hosts + (host < ranks % hosts) for host in range(hosts)]


def build(
    ranks: int,
    hosts: Hosts,
    interface: str | None,
    link_timeout: int,
    log_directory: pathlib.Path,
    program: list[str],
) -> Commands:
    if ":" in f"{log_directory}":
        raise Unavailable(f"mpirun takes no directory for logs with a colon: {log_directory}")
    mpirun = ["mpirun", "-n", f"{ranks}", "--bind-to", "none"]
    if os.geteuid() == 0:
        mpirun += ["--allow-run-as-root"]
    mpirun += ["--output-filename", f"{log_directory}:nojobid"]
    crowded = parameter("mpi_yield_when_idle", 1) if ranks > count_cores() else []
    recorded = ["sh", "-c", RECORD_EXIT_CODE, f"{log_directory}", *program]
    setup, cleanup = [], []
    match hosts:
        case ThisMachine():
            oversubscribe = ["--oversubscribe"] if crowded else []
            return Commands([], mpirun + oversubscribe + crowded + program, [], [])
        case Machines(names, slots):
            mpirun += at(names, slots or even_slots(ranks, len(names)))
            mpirun += over_interface(interface) if interface else []
            mpirun += keep_alive(link_timeout)
            return Commands([], mpirun + recorded, [], names)
        case NewNamespaces(count):
            name = f"job{os.getpid()}"
            names = [f"{name}-{number}" for number in range(1, count + 1)]
            setup = [f"{NETNS_HOSTS}", "--name", name, "up", f"{count}"]
            cleanup = [f"{NETNS_HOSTS}", "--name", name, "down"]
        case ExistingNamespaces(name, chosen):
            names = chosen or list_namespaces(name)
    if re.search(r"\s", f"{NETNS_AGENT}"):
        raise Unavailable(f"mpirun cannot start {NETNS_AGENT}, whose path has a space")
    mpirun += at(names, even_slots(ranks, len(names)))
    mpirun += parameter("plm_rsh_agent", NETNS_AGENT)
    mpirun += parameter("pml", "ob1") + parameter("btl", "vader,tcp,self")
    mpirun += over_interface("eth0") + keep_alive(link_timeout) + crowded
    on_first = [f"{NETNS_HOSTS}", "--name", name, "exec", names[0]]
    return Commands(setup, on_first + mpirun + recorded, cleanup, [])


def parameter(name: str, value: object) -> list[str]:
    return ["--mca", name, f"{value}"]


def at(names: list[str], slots: list[int]) -> list[str]:
    return ["--host", ",".join(f"{name}:{count}" for name, count in zip(names, slots))]


def over_interface(interface: str) -> list[str]:
    return parameter("btl_tcp_if_include", interface) + parameter("oob_tcp_if_include", interface)


def keep_alive(seconds: int) -> list[str]:
    """Three questions go out in the second half of the time."""
    interval = max(1, seconds // 6)
    return (
        parameter("oob_tcp_keepalive_time", max(1, seconds - 3 * interval))
        + parameter("oob_tcp_keepalive_intvl", interval)
        + parameter("oob_tcp_keepalive_probes", 3)
    )


def list_namespaces(name: str) -> list[str]:
    answer = subprocess.run(
        [NETNS_HOSTS, "--name", name, "list"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        raise Unavailable(answer.stderr.strip())
    return answer.stdout.strip().split(",")

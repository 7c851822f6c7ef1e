"""What a verifier's file works with: tools of others in a cache, ledgers of ours, and its findings."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent


class Skip(Exception):
    """The verifier cannot run here; the words say why."""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "tallystick" / "interop"


def run(*words, timeout=600, **options):
    """Runs a program to its end: its exit code, and all that it wrote."""
    done = subprocess.run([str(word) for word in words], text=True, timeout=timeout, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    return done.returncode, done.stdout


def version_of(program, *words):
    """(1, 26) of "go version go1.26.8 linux/amd64"; nothing where the program is not there."""
    if shutil.which(program) is None:
        return None
    code, text = run(program, *words)
    digits = "".join(c if c.isdigit() or c == "." else " " for c in text).split()
    numbers = [word for word in digits if word[0].isdigit()]
    return tuple(int(part) for part in numbers[0].split(".")[:2] if part) if code == 0 and numbers else None


def ensure(program, version_words, least, packages):
    """The program, at least of that version; from the distribution's packages where it is absent."""
    found = version_of(program, *version_words)
    if found is None and shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        run(*root, "apt-get", "update", "-q")
        run(*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q",
            "--no-install-recommends", *packages)
        found = version_of(program, *version_words)
    if found is None:
        raise Skip(f"{program} is not there and could not be installed")
    if found < least:
        raise Skip(f"{program} is {'.'.join(map(str, found))}, needed is {'.'.join(map(str, least))}")


class Workbench:
    """One verifier's run: `accepts` and `refuses` write down what it said."""

    def __init__(self, programs, folder):
        self.programs = programs  # {"tallystick": PATH, "served_ledger": PATH}
        self.folder = pathlib.Path(folder)
        self.accepted, self.refused, self.wrong = 0, 0, []

    # --- findings ---

    def accepts(self, what, is_accepted, words=""):
        """What is right has to be accepted."""
        self.accepted += 1
        if not is_accepted:
            self.wrong.append(f"{what}: was not accepted\n{words}")

    def refuses(self, what, is_refused, words=""):
        """A corrupted copy has to be refused: by a verdict, not by a verifier that fell over."""
        self.refused += 1
        if not is_refused:
            self.wrong.append(f"{what}: was not refused\n{words}")

    # --- tools ---

    def _go(self):
        # From 1.21 on, go fetches the toolchain that a module asks for.
        ensure("go", ["version"], (1, 21), ["golang-go"])
        place = cache() / "go"
        place.mkdir(parents=True, exist_ok=True)
        return {**os.environ, "GOPATH": str(place), "GOBIN": str(place / "bin"), "GOFLAGS": "-modcacherw",
                "GOTOOLCHAIN": "auto"}

    def go_tool(self, package, version):
        """The path of a published command, built at that version."""
        environment = self._go()
        place = cache() / "go" / f"{package.rsplit('/', 1)[1]}@{version}"
        program = place / package.rsplit("/", 1)[1]
        if not program.exists():
            code, text = run("go", "install", f"{package}@{version}", timeout=1200,
                             env={**environment, "GOBIN": str(place)})
            if code != 0:
                raise Skip(f"{package}@{version} cannot be installed: {text.strip().splitlines()[-1]}")
        return program

    def go_program(self, name):
        """The path of a program of ours, tests/interop/go/<name>.go, with the versions of its go.mod."""
        program = self.folder / name
        code, text = run("go", "build", "-o", program, f"{name}.go", cwd=HERE / "go", timeout=1200, env=self._go())
        if code != 0:
            if "no required module" in text or ".go:" in text:
                raise RuntimeError(f"tests/interop/go/{name}.go does not build:\n{text}")
            raise Skip(f"the modules of tests/interop/go cannot be had: {text.strip().splitlines()[-1]}")
        return program

    def go_module_tool(self, name, package, version):
        """The path of a published command, built by the module tests/interop/go/<name>, which holds its versions
        and sums: for commands that `go install` cannot take by themselves."""
        environment = self._go()
        place = cache() / "go" / f"{name}@{version}"
        program = place / name
        if not program.exists():
            place.mkdir(parents=True, exist_ok=True)
            code, text = run("go", "build", "-o", program, package, cwd=HERE / "go" / name, timeout=1800, env=environment)
            if code != 0:
                raise Skip(f"{package}@{version} cannot be built: {text.strip().splitlines()[-1]}")
        return program

    def node_modules(self, package, version):
        """The folder node_modules that holds the package at that version."""
        ensure("node", ["--version"], (18, 0), ["nodejs", "npm"])
        place = cache() / "node" / f"{package.replace('/', '_')}@{version}"
        modules = place / "node_modules"
        if not (modules / package / "package.json").exists():
            place.mkdir(parents=True, exist_ok=True)
            code, text = run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", place,
                             f"{package}@{version}", timeout=600)
            if code != 0:
                raise Skip(f"{package}@{version} cannot be installed: {text.strip().splitlines()[-1]}")
        return modules

    # --- ledgers ---

    def ledger(self, seed="interop"):
        """A fresh, empty ledger behind the product's routes; grow() it."""
        return Ledger(self, pathlib.Path(tempfile.mkdtemp(dir=self.folder)), seed)

    def server(self):
        """A space by `tallystick init`, served by `tallystick serve`."""
        return Server(self, pathlib.Path(tempfile.mkdtemp(dir=self.folder)))

    def tallystick(self, *words):
        """What a command of the product prints; it has to exit 0."""
        code, text = run(self.programs["tallystick"], *words)
        if code != 0:
            raise RuntimeError(f"tallystick {' '.join(map(str, words))} exited {code}:\n{text}")
        return text


class Ledger:
    """tests/interop/served_ledger.cpp: `url`, `token`, `vkey`; ends with `close()`."""

    def __init__(self, bench, directory, seed):
        self.bench, self.directory = bench, directory
        self.process = subprocess.Popen([bench.programs["served_ledger"], str(directory), "--seed", seed],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        introduction = json.loads(self.process.stdout.readline())
        self.url, self.token, self.vkey = (introduction[name] for name in ("url", "token", "vkey"))
        self.vkey_file = directory / "log.vkey"
        self.vkey_file.write_text(self.vkey + "\n")
        self.token_file = directory / "token"
        self.token_file.write_text(self.token + "\n")

    def _obey(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(f"served_ledger, {' '.join(map(str, words))}: {answer}")

    def grow(self, size):
        """Appends until there are so many entries; the checkpoint of that size is published."""
        self._obey("grow", size)

    def receipt(self, seq):
        """The path of the receipt of an entry."""
        path = self.directory / f"{seq}.tlog-proof"
        self._obey("receipt", seq, path)
        return path

    def cose_receipt(self, seq):
        """The same as a COSE receipt."""
        path = self.directory / f"{seq}.cose"
        self._obey("cose", seq, path)
        return path

    def export(self, name):
        """The ledger as static files, by `tallystick ledger export` from its URL."""
        directory = self.directory / name
        self.bench.tallystick("ledger", "export", directory, "--from", self.url, "--entries", "--quiet",
                              "--token-file", self.token_file, "--key", self.vkey)
        return directory

    def close(self):
        self.process.stdin.close()
        if self.process.wait(timeout=60) != 0:
            raise RuntimeError("served_ledger ended badly")
        self.process.stdout.close()


class Server:
    """The real server with nothing but its opening: `url` of its ledger, `token` of its operator."""

    def __init__(self, bench, directory):
        self.directory = directory / "space"
        bench.tallystick("init", self.directory, "--origin", "interop.example/space")
        self.vkey_file = self.directory / "log.vkey"
        self.vkey = self.vkey_file.read_text().strip()
        self.token = (self.directory / "operator.token").read_text().strip()
        self.process = subprocess.Popen([bench.programs["tallystick"], "serve", str(self.directory), "--port", "0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[-1] + "/ledger"  # "listening on http://.."

    def size(self):
        with urllib.request.urlopen(self.url + "/checkpoint") as answer:
            return int(answer.read().split(b"\n")[1])

    def close(self):
        self.process.terminate()
        if self.process.wait(timeout=60) != 0:
            raise RuntimeError("the server ended badly")
        self.process.stdout.close()


def corpus(kind):
    """The files of tests/corpus that we refuse: (name, what is wrong, path), and the key of their log."""
    folder = HERE.parent / "corpus" / "files"
    rows = [line.split("\t") for line in (folder / "MANIFEST").read_text().splitlines() if not line.startswith("#")]
    return [(name.split("/")[1], words, folder / name) for name, code, words in rows
            if name.startswith(kind + "/") and code != "-"]


CORPUS_VKEY = "dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def flip(path, at=None, bit=1):
    """Changes one bit of a file, in its middle unless told where."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= bit
    path.write_bytes(bytes(data))


def corrupted(directory):
    """Copies of an exported ledger, each with one thing wrong: (what is wrong, directory). A copy is
    gone when the next is asked for."""
    def damage(name, at=None):
        return lambda copy: flip(copy / name, at)

    files = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    bundles = [name for name in files if name.startswith("tile/entries/")]
    tiles = [name for name in files if name.startswith("tile/") and name not in bundles]
    lines = (directory / "checkpoint").read_bytes().split(b"\n")
    size_at, root_at = len(lines[0]) + 1, len(lines[0]) + len(lines[1]) + 2
    wrongs = [("the checkpoint's size", damage("checkpoint", size_at)),
              ("the checkpoint's root", damage("checkpoint", root_at + 3)),
              ("the checkpoint's signature", damage("checkpoint", (directory / "checkpoint").stat().st_size - 9))]
    for name in dict.fromkeys(bundles[:1] + bundles[-1:]):
        wrongs.append((f"a byte of {name}", damage(name)))
    for name in dict.fromkeys(tiles[:1] + tiles[-1:]):
        wrongs.append((f"a byte of {name}", damage(name)))
        wrongs.append((f"{name} is missing", lambda copy, name=name: (copy / name).unlink()))
    if len(bundles) > 1:
        wrongs.append(("a bundle in another's place", lambda copy: shutil.copyfile(copy / bundles[0], copy / bundles[1])))
    for what, wrong in wrongs:
        copy = pathlib.Path(tempfile.mkdtemp(dir=directory.parent)) / "copy"
        shutil.copytree(directory, copy)
        wrong(copy)
        yield what, copy
        shutil.rmtree(copy.parent)

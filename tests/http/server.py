"""The real binary: `tallystick init` and `serve` on a free port, and its offline commands."""
import hashlib
import json
import pathlib
import sqlite3
import subprocess

import exchange

ORIGIN = "space.example/http-tests"


def run(*arguments, stdin=None, environment=None, codes=(0,)):
    """Runs a program; what it prints."""
    done = subprocess.run(arguments, input=stdin, capture_output=True, text=True, env=environment)
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(arguments[1:3])} exited {done.returncode}: {done.stderr}")
    return done.stdout


class Server:
    """A space in `directory`, made by init; served between start() and stop()."""

    def __init__(self, binary, directory, environment=None):
        self.binary, self.directory = str(binary), pathlib.Path(directory)
        self.environment = environment
        self.origin = None
        self.process = None
        self.address = None
        self._log = None

    def init(self, origin=ORIGIN):
        self.origin = origin
        self.run("init", str(self.directory), "--origin", origin)

    def start(self):
        self._log = open(self.directory / "server.log", "ab")
        self.process = subprocess.Popen(
            [self.binary, "serve", str(self.directory), "--port", "0"],
            stdout=subprocess.PIPE, stderr=self._log, text=True, env=self.environment)
        line = self.process.stdout.readline()  # "listening on http://127.0.0.1:40001"
        if not line.startswith("listening on "):
            raise RuntimeError("the server did not start:\n" + self.log())
        host, port = line.strip().rsplit("/", 1)[1].rsplit(":", 1)
        self.address = (host, int(port))

    def run(self, *arguments, stdin=None):
        """Runs another command of the binary, offline; what it prints."""
        return run(self.binary, *arguments, stdin=stdin, environment=self.environment)

    def stop(self):
        """Ends it as an operator would; its exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self._log.close()
        self.process = None
        return code

    def log(self):
        return (self.directory / "server.log").read_text(errors="replace")

    def send(self, request):
        return exchange.exchange(self.address, request)

    def operator_token(self):
        return (self.directory / "operator.token").read_text().strip()

    def vkey(self):
        return (self.directory / "log.vkey").read_text().strip()

    def audit(self):
        """The report of `tallystick audit` on the database as it lies there."""
        return json.loads(self.run("audit", str(self.directory), "--key", self.vkey(), "--json"))

    def audit_after_erasures(self):
        """The same, where documents were erased: what rested on them, and nothing else, is not checkable."""
        report = json.loads(run(self.binary, "audit", str(self.directory), "--key", self.vkey(), "--json",
                                environment=self.environment, codes=(3,)))
        others = [finding for finding in report["findings"] if finding["code"] != "document.erased"]
        if others or not report["findings"]:
            raise RuntimeError(json.dumps(report))
        return report


def size_of(state):
    """Of the ledger, in what State.read() gives."""
    return int(state[0].split("\n")[1])


class State:
    """What a refused request must leave as it was: the ledger's head, as everyone sees it, and every
    row of the database but the stored checkpoint, which follows the head by one batch."""

    def __init__(self, server):
        self._server = server
        self._db = sqlite3.connect(f"file:{server.directory / 'tallystick.db'}?mode=ro", uri=True)
        names = self._db.execute("select name from sqlite_schema where type = 'table'")
        self._tables = sorted(name for (name,) in names
                              if name != "ledger_checkpoint" and not name.startswith("sqlite_"))
        self._version, self._digest = None, None

    def read(self):
        head = self._server.send(exchange.Request("GET", "/ledger/checkpoint")).text()
        return head, self._rows()

    def close(self):
        self._db.close()

    def _rows(self):
        # data_version moves when another connection has committed; else nothing needs to be read.
        (version,) = self._db.execute("pragma data_version").fetchone()
        if version != self._version:
            self._version, self._digest = version, self._hash_rows()
        return self._digest

    def _hash_rows(self):
        digest = hashlib.sha256()
        self._db.execute("begin")
        for table in self._tables:
            digest.update(table.encode())
            for row in self._db.execute(f"select * from {table}"):
                digest.update(repr(row).encode())
        self._db.execute("commit")
        return digest.hexdigest()

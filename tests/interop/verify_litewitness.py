"""litewitness, the witness of torchwood: it cosigns what `tallystick serve` publishes."""
import base64
import contextlib
import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import time

from witnessing import Space, post, vkey
from workbench import HERE, Skip, run

VERIFIER = "litewitness"
VERSION = next(line.split()[1] for line in (HERE / "go" / "litewitness" / "go.mod").read_text().splitlines()
               if line.strip().startswith("filippo.io/torchwood "))
ORIGIN = "interop.example/litewitnessed"
NAME = "witness.example/litewitness"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError("litewitness does not listen")


def trust(database, log_vkey):
    """What `witnessctl add-log` and `add-key` write: that program needs modules that litewitness does not."""
    empty_root = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("insert into log (origin, tree_size, tree_hash) values (?, 0, ?)", (ORIGIN, empty_root))
        connection.execute("insert into key (origin, key) values (?, ?)", (ORIGIN, log_vkey))


def swapped(text, at):
    """Another character of base64 there, so that the line stays one."""
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1:]


def corrupted_notes(note):
    """(what is wrong, note): each signed by nobody."""
    lines = note.split("\n")
    for what, number, at in (("the root", 2, 5), ("the log's signature", 4, -10)):
        copy = list(lines)
        copy[number] = swapped(copy[number], at % len(copy[number]))
        yield what, "\n".join(copy)
    copy = list(lines)
    copy[1] = str(int(copy[1]) + 1)
    yield "the size", "\n".join(copy)


def verify(bench):
    litewitness = bench.go_module_tool("litewitness", "filippo.io/torchwood/cmd/litewitness", VERSION)
    for program in ("ssh-agent", "ssh-add", "ssh-keygen"):
        if shutil.which(program) is None:
            raise Skip(f"{program} is not there")
    key, database, agent_socket = bench.folder / "key", bench.folder / "witness.db", bench.folder / "agent"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    public = base64.b64decode((bench.folder / "key.pub").read_text().split()[1])[-32:]
    fingerprint = run("ssh-keygen", "-l", "-E", "sha256", "-f", key)[1].split()[1]
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", agent_socket], stdout=subprocess.DEVNULL)
    while not agent_socket.exists():
        time.sleep(0.02)
    run("ssh-add", "-q", key, env={**os.environ, "SSH_AUTH_SOCK": str(agent_socket)})

    space = Space(bench, ORIGIN)
    port = free_port()
    witness = subprocess.Popen([litewitness, "-db", database, "-name", NAME, "-key", fingerprint, "-ssh-agent",
                                agent_socket, "-listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, witness)
        trust(database, space.vkey)
        judge(bench, space, f"http://127.0.0.1:{port}", vkey(NAME, public))
    finally:
        witness.terminate()
        witness.wait()
        agent.terminate()
        agent.wait()


def judge(bench, space, url, witness_vkey):
    shutil.copytree(space.directory, space.folder / "older")
    space.serve(f"witness w {witness_vkey} {url}", "quorum w")
    for _ in range(4):
        seq = space.append()
        note = space.published(seq + 1)
        bench.accepts(f"a checkpoint that holds entry {seq}", note is not None)
        code, words = run(bench.programs["tallystick"], "verify", space.cosigned_receipt(seq), "--policy", space.policy)
        bench.accepts(f"the cosigned receipt of entry {seq}", code == 0, words)
    space.close()
    size = int(note.split("\n")[1])
    status, words = post(url + "/add-checkpoint", f"old {size}\n\n{note}")
    bench.accepts("the newest checkpoint once more", status == 200, words)
    for what, copy in corrupted_notes(note):
        status, words = post(url + "/add-checkpoint", f"old {size}\n\n{copy}")
        bench.refuses(f"{what} of a checkpoint", status in (400, 403), words)
    status, words = post(url + "/add-checkpoint", f"old {size - 1}\n\n{note}")
    bench.refuses("an old size that it does not hold", (status, words) == (409, f"{size}\n"), words)
    older = space.folder / "older"
    code, words = run(bench.programs["tallystick"], "serve", older, "--port", "0", "--witness-policy", space.policy)
    bench.refuses("a log that is behind its witness", code == 1 and "ledger_behind" in words, words)

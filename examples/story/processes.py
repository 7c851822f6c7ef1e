"""The processes that the story starts: the server, and one for each party."""

import json
import pathlib
import re
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
STOP_SECONDS = 20


class StepFailed(Exception):
    """A step of the story failed: who was to do what, why, and what the server said of it."""

    def __init__(self, who, what, words, problem=None):
        super().__init__(f"{who}: {what}: {words}")
        self.who, self.what, self.words, self.problem = who, what, words, problem


def run_program(binary, *arguments):
    """Runs `tallystick` to its end; what it printed."""
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepFailed("tallystick", arguments[0],
                         f"exit {done.returncode}: {done.stdout}{done.stderr}".strip())
    return done.stdout


class Server:
    """`tallystick serve`, its log in a file."""

    def __init__(self, binary, space, port, log):
        self._log_path = log
        with open(log, "w", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                [binary, "serve", str(space), "--port", str(port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, text=True)
        line = self._process.stdout.readline()
        found = re.match(r"listening on (\S+)", line)
        if not found:
            self.stop()
            raise StepFailed("server", "start", self.log_end() or "it said nothing")
        self.url = found.group(1)

    def wait(self):
        return self._process.wait()

    def is_running(self):
        return self._process.poll() is None

    def stop(self):
        """Asks it to stop, and waits; its exit code."""
        if self.is_running():
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def log_end(self):
        lines = pathlib.Path(self._log_path).read_text(encoding="utf-8").splitlines()
        return "\n".join(lines[-10:])


class PartyProcess:
    """A party, taking orders. What goes in and out are public facts."""

    def __init__(self, name, script, directory, options):
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), "--directory", str(directory), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, order, on_progress=None, **facts):
        """Has the party do something; what it answers."""
        try:
            self._process.stdin.write(json.dumps({"do": order, "with": facts}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise StepFailed(self.name, order, "its process has ended") from None
        for line in self._process.stdout:
            said = json.loads(line)
            if "done" in said:
                return said["done"]
            if "failed" in said:
                failed = said["failed"]
                raise StepFailed(self.name, order, failed["words"], failed.get("problem"))
            if on_progress:
                on_progress(said["progress"])
        raise StepFailed(self.name, order, f"its process ended with {self._process.wait()}")

    def end(self):
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

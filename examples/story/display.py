"""What a person sees while the story runs: a line for each step, a counter while one takes long."""

import time

QUIET_SECONDS = 5.0


class Display:
    """Counters are rewritten in place on a terminal; elsewhere they are told now and then."""

    def __init__(self, out):
        self._out = out
        self._is_terminal = out.isatty()
        self._start = time.monotonic()
        self._told = self._start

    def seconds(self):
        return time.monotonic() - self._start

    def step(self, who, words):
        self._clear()
        print(f"{self.seconds():6.1f} s  {who:<14} {words}", file=self._out, flush=True)
        self._told = time.monotonic()

    def count(self, progress):
        words = f"{progress['done']:,}"
        if progress["total"]:
            words += f" of {progress['total']:,}"
        words += f" {progress['words']}"
        if self._is_terminal:
            print(f"\r\033[K{self.seconds():6.1f} s  {'':<14} {words}", end="", file=self._out,
                  flush=True)
        elif time.monotonic() - self._told > QUIET_SECONDS:
            self.step("", words)

    def say(self, text=""):
        self._clear()
        print(text, file=self._out, flush=True)

    def _clear(self):
        if self._is_terminal:
            print("\r\033[K", end="", file=self._out)

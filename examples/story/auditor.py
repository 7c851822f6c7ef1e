#!/usr/bin/env python3
"""The auditor: trusts the log's public key and nothing else. Checks the ledger and every receipt
that was handed over, offline, and that what was altered is noticed."""

import concurrent.futures
import json
import pathlib
import sqlite3
import subprocess

import party
from party import Party, expect, order, say_progress

THREADS = 2


class Auditor(Party):
    """The auditor of the space."""
    name = "Auditor"

    @order
    def copy_ledger(self, database):
        """A copy of the whole database, taken beside the server that writes it."""
        with open_reader(database) as source, open_writer(self._copy()) as copy:
            source.backup(copy)
        return {"copy": str(self._copy())}

    @order
    def audit(self):
        """The copy, offline; and the ledger as the server shows it, which must be the same."""
        report = self._audit(self._copy())
        expect(report["audit"] == "passed", f"the audit found something: {report['findings']}")
        online = self._audit(self.options.url, "--token-file", self.directory / "token")
        expect(online["head"] == report["head"],
               f"the server shows another ledger: {online['head']}, {report['head']}")
        return {"audit": report["audit"], "entries": report["entries"],
                "bytes": report["entry_bytes"], "duration_ms": report["duration_ms"],
                "root": report["head"]["root"]}

    @order
    def verify_receipts(self, directory):
        """Every receipt; what kinds of entries they prove, and a receipt that somebody altered."""
        files = sorted(pathlib.Path(directory).rglob("*.tlog-proof"))
        with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
            proofs = []
            for proof in threads.map(self.verify, files):
                proofs.append(proof)
                say_progress("receipts", len(proofs), len(files))
        uses = {proof["index"]: str(file) for file, proof in zip(files, proofs)
                if proof["entry"]["kind"].startswith("use.recorded/")}
        expect(uses, "no use is among the receipts")
        self._expect_refusal_of_altered(files[0])
        last_use = max(uses)
        return {"receipts": len(files), "last_use": last_use, "last_use_receipt": uses[last_use]}

    @order
    def find_tampering(self, seq):
        """The copy again, with one bit of entry `seq` flipped, as if a use had not been counted:
        the audit must name that entry."""
        tampered = self.directory / "tampered.db"
        with open_reader(self._copy()) as source, open_writer(tampered) as copy:
            source.backup(copy)
            before, after = flip_bit(copy, seq)
        report = self._audit(tampered, exit_code=1)
        places = [finding["place"] for finding in report["findings"]]
        expect(places[:1] == [f"entry {seq}"], f"entry {seq} was altered, but found: {places}")
        return {"found_at": seq, "before": before, "after": after, "copy": str(tampered),
                "words": report["findings"][0]["words"]}

    def _copy(self):
        return self.directory / "ledger.db"

    def _audit(self, ledger, *options, exit_code=0):
        done = subprocess.run([self.options.binary, "audit", str(ledger), "--key",
                               self.options.log_key, "--json", *map(str, options)],
                              capture_output=True, text=True, check=False)
        expect(done.returncode == exit_code,
               f"tallystick audit ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def _expect_refusal_of_altered(self, receipt):
        altered = self.directory / "altered.tlog-proof"
        lines = receipt.read_text().splitlines(keepends=True)
        extra = next(n for n, line in enumerate(lines) if line.startswith("extra "))
        middle = len(lines[extra]) // 2
        other = "A" if lines[extra][middle] != "A" else "B"
        lines[extra] = lines[extra][:middle] + other + lines[extra][middle + 1:]
        altered.write_text("".join(lines))
        done = subprocess.run([self.options.binary, "verify", str(altered), "--key",
                               self.options.log_key], capture_output=True, check=False)
        expect(done.returncode == 1, f"an altered receipt ended with {done.returncode}")


def open_reader(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def open_writer(path):
    return sqlite3.connect(path)


def flip_bit(database, seq):
    """Flips the lowest bit of the count in the entry of a use, so that 5 becomes 4."""
    row = database.execute("select 'ledger_bundle', 'bundle', bundle, bundle * 256, entries"
                           " from ledger_bundle where bundle = ? / 256", (seq,)).fetchone()
    if not row:
        row = database.execute("select 'ledger_tail', 'first_seq', first_seq, first_seq, entries"
                               " from ledger_tail where first_seq <= ?"
                               " order by first_seq desc limit 1", (seq,)).fetchone()
    table, column, number, first, entries = row
    entries = bytearray(entries)
    start = 0
    for _ in range(seq - first):  # each entry stands behind its length, two bytes
        start += 2 + int.from_bytes(entries[start:start + 2], "big")
    name = b'"count_after":'
    place = entries.index(name, start) + len(name)
    before = int(chr(entries[place]))
    entries[place] ^= 1
    database.execute(f"update {table} set entries = ? where {column} = ?", (bytes(entries), number))
    database.commit()
    return before, int(chr(entries[place]))


if __name__ == "__main__":
    party.main(Auditor)

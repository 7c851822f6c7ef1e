#!/usr/bin/env python3
"""The consumer: trains models, and holds a contract for a few uses of the released labels."""

import hashlib
import json

import crowd
import party
from api import Problem
from party import Failed, Party, expect, new_key, order

PAGE_RECORDS = 1000


class Consumer(Party):
    """The consumer of the released dataset."""
    name = "Model training team"

    @order
    def use(self, contract, purpose, uses, digest):
        """Every use that the contract gives: the whole file once, then pages of it. Then one more,
        which must be refused; and the first page again under its old key, at no cost."""
        path = f"/v1/contracts/{contract}/uses"
        file = self.download(contract, purpose)
        expect(hashlib.sha256(file).hexdigest() == digest, "this is not the file of the contract")
        (self.directory / "dataset.ndjson").write_bytes(file)
        lines = crowd.parse_lines(file)

        asked = [({"purpose": purpose, "action": "read", "from": number * PAGE_RECORDS,
                   "limit": PAGE_RECORDS}, new_key(f"page-{number + 1}"))
                 for number in range(uses - 1)]
        pages = [self._read_page(path, *ask) for ask in asked]
        expect([record for page in pages for record in page["records"]] ==
               lines[:len(pages) * PAGE_RECORDS], "the pages are not the file's beginning")

        refusal = self._read_refused(path, asked[-1][0])
        again = self._post(path, *asked[0])
        expect(again.json()["records"] == pages[0]["records"] and
               again.json()["receipt"] == pages[0]["receipt"],
               "the old key brought other records, or another receipt")
        shown = self.show_contract(contract)
        expect(shown["uses"] == shown["limit"] == uses, f"the contract counts {shown}, not {uses}")
        return {"granted": shown["uses"], "refused": len([refusal]), "refusal": refusal.document,
                "records": len(lines), "bytes": len(file),
                "repeated": again.headers.get("Tallystick-Repeated") == "true"}

    def _post(self, path, ask, key):
        return self.client.send("POST", path, json.dumps(ask).encode(), "application/json", key)

    def _read_page(self, path, ask, key):
        page = self._post(path, ask, key).json()
        self.receipts.file("use-recorded", page)
        return page

    def _read_refused(self, path, ask):
        try:
            self._post(path, ask, new_key("one-too-many"))
        except Problem as problem:
            if (problem.status, problem.code) == (403, "contract.uses_exhausted"):
                return problem
            raise
        raise Failed("a use beyond the count was granted")


if __name__ == "__main__":
    party.main(Consumer)

#!/usr/bin/env python3
"""The operator of the space: looks at who registered, and approves them. Sees no content."""

import pathlib

import party
from party import Party, expect, new_key, order


class Operator(Party):
    """The operator of the space."""
    name = "operator"

    @order
    def take_over(self, token_file):
        """The first token lies where `tallystick init` put it, to be taken out and deleted."""
        path = pathlib.Path(token_file)
        self.take(path.read_text().strip())
        path.unlink()
        return {}

    @order
    def approve(self, party, name, roles):
        shown = self.client.ask(f"/v1/parties/{party}")["party"]
        expect(shown["name"] == name, f"{party} calls itself {shown['name']}, not {name}")
        answer = self.client.change(f"/v1/parties/{party}/approve", {"roles": roles},
                                    new_key("approve"))
        self.receipts.file("party-approved", answer)
        return {"state": answer["party"]["state"]}


if __name__ == "__main__":
    party.main(Operator)

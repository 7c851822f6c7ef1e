#!/usr/bin/env python3
"""The provider: has CIFAR-10's published labels, says who may use them for what and how often, and
publishes what the labeling team found out as the next version."""

import hashlib
import json
import secrets

import crowd
import party
from party import DAY_SECONDS, Party, expect, new_key, order, time_text

NDJSON = "application/x-ndjson"


class Provider(Party):
    """The provider of the dataset."""
    name = "CIFAR-10 label provider"

    @order
    def publish(self):
        """The dataset, and its version 1: ids and published labels, sealed in the space."""
        content = crowd.read_data("published.ndjson.gz")
        digest = hashlib.sha256(content).hexdigest()
        answer = self.client.change("/v1/datasets", {
            "title": "CIFAR-10 test set: ids and published labels",
            "description": "10,000 ids with the label that was published. There are no images.",
            "license": "Apache-2.0",
            "tags": ["image-classification", "labels"],
        }, new_key("dataset"))
        self.receipts.file("dataset-registered", answer)
        dataset = answer["dataset"]["id"]
        answer = self.client.change(f"/v1/datasets/{dataset}/versions", {
            "content": "uploaded", "digest": digest, "bytes": len(content), "media_type": NDJSON,
            "records": content.count(b"\n"), "note": "as published",
        }, new_key("version"))
        self.receipts.file("version-registered", answer)
        version = answer["version"]["version"]
        answer = self.client.send("PUT", f"/v1/datasets/{dataset}/versions/{version}/content",
                                  content, NDJSON, new_key("content")).json()
        self.receipts.file("version-published", answer)
        expect(answer["version"]["state"] == "published", f"not published: {answer['version']}")
        return {"dataset": dataset, "version": version, "digest": digest,
                "records": answer["version"]["records"], "bytes": answer["version"]["bytes"]}

    @order
    def offer(self, consumer, dataset, version, digest, purpose, actions, uses):
        """The terms, as a signed contract for one consumer."""
        document = {
            "format": "tallystick/contract/v1",
            "nonce": secrets.token_hex(16),
            "parties": {"provider": self.id, "consumer": consumer},
            "dataset": {"id": dataset, "version": version, "digest": digest},
            "permissions": [{
                "actions": actions,
                "purpose": [purpose],
                "constraints": [
                    {"operand": "count", "operator": "lteq", "value": uses},
                    {"operand": "dateTime", "operator": "lt", "value": time_text(30 * DAY_SECONDS)},
                ],
            }],
        }
        answer = self.client.change("/v1/contracts", self.sign("offer", document), new_key("offer"))
        self.receipts.file("contract-offered", answer)
        return {"contract": answer["contract"]["id"]}

    @order
    def release(self, project):
        """What the project decided becomes the next version of our dataset."""
        answer = self.client.change(f"/v1/projects/{project}/releases",
                                    {"note": "accepted by the model, or decided by people"},
                                    new_key("release"))
        self.receipts.file("version-released", answer)
        version = answer["version"]
        lines = self._decided_lines(project)
        expect(version["digest"] == digest_of(lines),
               "the release is not what the project's export says")
        return {"version": version["version"], "digest": version["digest"],
                "parent_version": version["parent_version"], "project": version["project"],
                "released": answer["released"], "unlike_published": self._count_unlike(lines)}

    def _decided_lines(self, project):
        """The lines of a release by what the project's export says of each item."""
        export = self.client.send("GET", f"/v1/projects/{project}/export").body
        return [{"item": item["item"], "labels": item["labels"], "source": item["source"]}
                for item in crowd.parse_lines(export) if item.get("labels")]

    def _count_unlike(self, lines):
        ours = {line["item"]: line["label"]
                for line in crowd.parse_lines(crowd.read_data("published.ndjson.gz"))}
        return sum(line["labels"] != [ours[line["item"]]] for line in lines)


def digest_of(lines):
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    party.main(Provider)

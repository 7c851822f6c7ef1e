"""A space with people in it: parties with keys and tokens, datasets, contracts in every state, a
labeling project. What the scripts speak of by name is in Space.names."""
import datetime
import hashlib
import json
import secrets

import exchange

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of ULIDs


class Refused(Exception):
    pass


# How far the server's clock is ahead of ours, where somebody moved it (tests/golden).
moved_seconds = 0


def rfc3339(seconds_from_now=0):
    moment = datetime.datetime.now(datetime.timezone.utc)
    moment += datetime.timedelta(seconds=seconds_from_now + moved_seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def canonical(value):
    """RFC 8785 for what stands in these documents: names are ASCII, numbers are integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fresh_id(prefix):
    return prefix + "_0" + "".join(secrets.choice(DIGITS) for _ in range(25))


class Party:
    """Someone with a key, and with a token once they are approved."""

    def __init__(self, space, name, roles=(), party=None):
        """Makes a key; or, as `party`, takes the one that lies in its file already."""
        self.space, self.name, self.roles = space, name, list(roles)
        self.key_file = str(space.folder / f"{name}.key")
        self.id, self.token = party, None
        if party is None:
            made = json.loads(space.server.run("keygen", self.key_file, "--json"))
            self.id, self.key, self.public_key = made["party"], made["key"], made["public_key"]

    def sign(self, verb, document, origin=None, party=None, new=None):
        """The message that carries the document: {document, key, signature}. `new`: whose key signs too."""
        server = self.space.server
        second = ["--new-key", new.key_file] if new else []
        return json.loads(server.run(
            "sign", verb, "-", "--unchecked", "--key", self.key_file, "--origin", origin or server.origin,
            "--party", party or self.id, *second, stdin=json.dumps(document)))

    def document(self):
        return {"format": "tallystick/party/v1", "id": self.id, "name": f"The {self.name}",
                "nonce": "00112233445566778899aabbccddeeff", "public_key": self.public_key}

    def register(self):
        self.space.post("/v1/parties", self.sign("register", self.document()))

    def approve(self):
        self.space.post(f"/v1/parties/{self.id}/approve", {"roles": self.roles},
                        self.space.operator)

    def token_document(self, **changes):
        document = {"format": "tallystick/token-request/v1", "party": self.id,
                    "actor_name": f"{self.name}'s first", "issued_at": rfc3339(),
                    "nonce": secrets.token_hex(16), "expires_in_seconds": 86400}
        return {**document, **changes}

    def ask_for_token(self, **changes):
        request = self.sign("token", self.token_document(**changes))
        return self.space.post(f"/v1/parties/{self.id}/tokens", request)

    def enter(self):
        self.register()
        self.approve()
        self.token = self.ask_for_token()["token"]
        return self


class Space:
    def __init__(self, server, operator):
        """`operator` is its token."""
        self.server = server
        self.folder = server.directory / "clients"
        self.folder.mkdir(exist_ok=True)
        self.operator = operator
        self.names = {}
        self.tokens = {"operator": self.operator}

    # --- requests that are expected to succeed ------------------------------------------------------

    def send(self, method, target, body=b"", token=None, key=None):
        headers = [("Authorization", f"Bearer {token}")] if token else []
        if key:
            headers.append(("Idempotency-Key", key))
        answer = self.server.send(exchange.Request(method, target, headers, body))
        if answer.status // 100 != 2:
            raise Refused(f"{method} {target}: {answer.status} {answer.text()}")
        return answer

    def post(self, target, message, token=None, key=None):
        key = key or secrets.token_hex(8)
        return json.loads(self.send("POST", target, canonical(message), token, key).body)

    def show(self, target, token):
        return json.loads(self.send("GET", target, token=token).body)

    # --- what a space is made of -----------------------------------------------------------------

    def party(self, name, roles):
        party = Party(self, name, roles).enter()
        self.tokens[name] = party.token
        self.names[name] = party.id
        return party

    def actor(self, party, name, scopes, seconds=3600):
        """Another actor of the party: (id, token)."""
        made = self.post("/v1/actors", {"name": name, "scopes": scopes,
                                        "expires_in_seconds": seconds}, party.token)
        self.tokens[name] = made["token"]
        return made["actor"]["id"], made["token"]

    def dataset(self, provider, title):
        made = self.post("/v1/datasets", {"title": title, "description": "made for tests",
                                          "license": "CC0-1.0", "tags": ["test"]}, provider.token)
        return made["dataset"]["id"]

    def version(self, provider, dataset, content, media_type, kind="uploaded", upload=True):
        """Registers a version, and uploads it; as a contract speaks of it."""
        digest = hashlib.sha256(content).hexdigest()
        made = self.post(f"/v1/datasets/{dataset}/versions",
                         {"content": kind, "digest": digest, "bytes": len(content),
                          "media_type": media_type}, provider.token)
        number = made["version"]["version"]
        if kind == "uploaded" and upload:
            self.send("PUT", f"/v1/datasets/{dataset}/versions/{number}/content", content,
                      provider.token)
        return {"id": dataset, "version": number, "digest": digest}

    def terms(self, provider, consumer, version, purposes, count, actions=("read", "download"),
              dates=()):
        constraints = [{"operand": "count", "operator": "lteq", "value": count}]
        constraints += [{"operand": "dateTime", "operator": op, "value": at} for op, at in dates]
        return {"dataset": version, "format": "tallystick/contract/v1",
                "nonce": secrets.token_hex(16),
                "parties": {"consumer": consumer.id, "provider": provider.id},
                "permissions": [{"actions": list(actions), "constraints": constraints,
                                 "purpose": list(purposes)}]}

    def offer(self, provider, document):
        made = self.post("/v1/contracts", provider.sign("offer", document), provider.token)
        return made["contract"]["id"]

    def accept(self, consumer, contract, document):
        self.post(f"/v1/contracts/{contract}/accept", consumer.sign("accept", document),
                  consumer.token)

    def agree(self, provider, consumer, document):
        contract = self.offer(provider, document)
        self.accept(consumer, contract, document)
        return contract

    def terminate(self, party, contract, document):
        self.post(f"/v1/contracts/{contract}/terminate",
                  party.sign("terminate", self.termination(contract, document)), party.token)

    def termination(self, contract, document):
        digest = hashlib.sha256(canonical(document)).hexdigest()
        return {"contract": contract, "document": digest, "nonce": secrets.token_hex(16),
                "format": "tallystick/termination/v1", "reason": "no longer needed"}

    def use(self, consumer, contract, message, key=None):
        return self.send("POST", f"/v1/contracts/{contract}/uses", canonical(message),
                         consumer.token, key or secrets.token_hex(8))

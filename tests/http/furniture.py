"""What the scripts find when they come: one of everything, in every state. Names that scripts use,
such as ${spent} or `as reader`, are given here."""
import hashlib
import secrets
import time

from space import Party, Space, canonical, rfc3339

# How long the token and the contract live that are to be found expired: long enough for a slow machine
# to make them.
EPHEMERAL_SECONDS = 5

CLASSES = ["airplane", "bird", "cat"]
POLICY = {"accept_from_ppm": 900_000, "hold_below_ppm": 400_000, "priority": "least_confidence",
          "seats": 1, "agree": 1, "lease_seconds": 600}
PREDICTIONS = {
    "item-1": [950_000, 30_000, 20_000],   # accepted
    "item-2": [10_000, 960_000, 30_000],   # accepted
    "item-3": [600_000, 300_000, 100_000],
    "item-4": [450_000, 400_000, 150_000],
    "item-5": [500_000, 250_000, 250_000],
    "item-6": [340_000, 330_000, 330_000],  # held
    "a/b": [700_000, 200_000, 100_000],
}


def records(count):
    return b"".join(canonical({"n": n, "text": f"record {n}"}) + b"\n" for n in range(count))


def predictions(scores):
    return b"".join(canonical({"item": item, "scores_ppm": ppm}) + b"\n"
                    for item, ppm in scores.items())


def furnish(server):
    space = Space(server, server.operator_token())
    _people(space)
    _datasets(space)
    _contracts(space)
    _project(space)
    names = space.names
    names.update({f"{name}_token": token for name, token in space.tokens.items()})
    names["large"] = "x" * 20_000  # more than a head may have
    return space


def wait_for_expiry(space):
    """Until what was to expire has expired."""
    time.sleep(max(0.0, space.ephemeral_until - time.monotonic()))


def _people(space):
    names = space.names
    space.parties = {name: space.party(name, roles) for name, roles in (
        ("provider", ["provider"]),
        ("consumer", ["consumer"]),
        ("labeler", ["labeler"]),
        ("auditor", ["auditor"]),
        ("stranger", ["provider", "consumer", "labeler"]))}
    newcomer = Party(space, "newcomer", ["consumer"])  # registered, not approved
    newcomer.register()
    space.parties["newcomer"] = newcomer
    names["newcomer"] = newcomer.id
    for name, party in space.parties.items():
        names[f"{name}_key"], names[f"{name}_public_key"] = party.key, party.public_key

    consumer = space.parties["consumer"]
    space.actor(consumer, "expired", ["contracts:use"], EPHEMERAL_SECONDS)
    space.actor(consumer, "reader", ["parties:read"])
    revoked, _ = space.actor(consumer, "revoked", ["contracts:use"])
    space.send("POST", f"/v1/actors/{revoked}/revoke", b"", consumer.token, secrets.token_hex(8))
    names["revoked_actor"] = revoked
    space.tokens["nobody"] = "tally_" + "A" * 43


def _datasets(space):
    provider, names = space.parties["provider"], space.names
    names["dataset"] = space.dataset(provider, "Twenty-five records")
    lines = space.version(provider, names["dataset"], records(25), "application/x-ndjson")
    names["digest"] = lines["digest"]
    names["file"] = space.dataset(provider, "A file")
    file = space.version(provider, names["file"], b"just bytes\n", "text/plain")
    names["remote"] = space.dataset(provider, "Data that stays where it is")
    remote = space.version(provider, names["remote"], b"elsewhere", "application/dicom",
                           kind="metadata_only")
    names["awaiting"] = space.dataset(provider, "Announced, not here yet")
    awaiting = space.version(provider, names["awaiting"], b'{"n":0}\n', "application/x-ndjson",
                             upload=False)
    names["awaiting_digest"] = awaiting["digest"]
    stranger = space.parties["stranger"]
    strange = space.version(stranger, space.dataset(stranger, "Elsewhere"), records(1),
                            "application/x-ndjson")
    space.versions = {"strange": strange, "lines": lines, "file": file, "remote": remote, "awaiting": awaiting}


def _contracts(space):
    provider, consumer = space.parties["provider"], space.parties["consumer"]
    lines, names = space.versions["lines"], space.names
    space.documents = {}

    def contract(name, version, purposes, count, provider=provider, consumer=consumer,
                 accepted=True, **more):
        document = space.terms(provider, consumer, version, purposes, count, **more)
        names[f"{name}_document"] = canonical(document).decode()
        names[f"{name}_digest"] = hashlib.sha256(canonical(document)).hexdigest()
        space.documents[name] = document
        names[name] = space.offer(provider, document)
        if accepted:
            space.accept(consumer, names[name], document)

    contract("contract", lines, ["training.fine_tuning"], 100)
    contract("offered", lines, ["research"], 3, accepted=False)
    contract("spent", lines, ["research"], 1)
    contract("expired", lines, ["research"], 3, dates=[("lt", rfc3339(EPHEMERAL_SECONDS))])
    space.ephemeral_until = time.monotonic() + EPHEMERAL_SECONDS + 0.1
    contract("future", lines, ["research"], 3, dates=[("gteq", "2999-01-01T00:00:00Z")])
    contract("terminated", lines, ["research"], 3)
    contract("file_contract", space.versions["file"], ["research"], 9, actions=["download"])
    contract("remote_contract", space.versions["remote"], ["research"], 9, actions=["access"])
    labeler, stranger = space.parties["labeler"], space.parties["stranger"]
    contract("labeling_contract", lines, ["labeling"], 9, consumer=labeler)
    contract("unused_contract", lines, ["labeling"], 9, consumer=labeler)
    contract("unobtained_contract", lines, ["labeling"], 9, consumer=labeler)
    contract("research_contract", lines, ["research"], 9, consumer=labeler)
    contract("reading_contract", lines, ["training"], 9, actions=["read"])
    contract("stranger_contract", space.versions["strange"], ["research"], 9, provider=stranger)
    space.terminate(provider, names["terminated"], space.documents["terminated"])
    space.use(consumer, names["spent"], {"purpose": "research", "limit": 1})
    used = space.use(consumer, names["contract"],
                     {"purpose": "training.fine_tuning", "limit": 2}, "the-first-use")
    names["use"] = used.headers["tallystick-receipt"].split("/")[3]


def _project(space):
    labeler, names = space.parties["labeler"], space.names
    space.use(labeler, names["labeling_contract"], {"purpose": "labeling", "limit": 25})
    opened = space.post("/v1/projects", {"contract": names["labeling_contract"], "title": "Things",
                                         "classes": CLASSES, "policy": POLICY}, labeler.token)
    names["project"] = opened["project"]["id"]
    space.send("POST", f"/v1/projects/{names['project']}/predictions", predictions(PREDICTIONS),
               labeler.token, "the-first-import")
    _, annotator = space.actor(labeler, "annotator", ["tasks:work"])
    space.actor(labeler, "second_annotator", ["tasks:work"])
    leased = space.post(f"/v1/projects/{names['project']}/leases", {"count": 2}, annotator)
    for number, lease in enumerate(leased["leases"], 1):
        names[f"task_{number}"], names[f"lease_{number}"] = lease["task"], lease["token"]
    names["lease_1_forged"] = names["lease_1"][:-1] + ("1" if names["lease_1"][-1] == "0" else "0")
    empty = space.post("/v1/projects", {"contract": names["labeling_contract"], "title": "Nothing",
                                        "classes": CLASSES, "policy": POLICY}, labeler.token)
    names["empty_project"] = empty["project"]["id"]

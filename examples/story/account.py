"""The account of the story: what happened, what it does not say, where to look further."""

import textwrap


def percent(part, whole):
    return f"{100 * part / whole:.2f} %"


def prose(text):
    return textwrap.fill(" ".join(text.split()), 96, initial_indent="    ",
                         subsequent_indent="    ")


def table(rows):
    """Name and words, aligned; further lines of the words stand below the first."""
    width = max(len(name) for name, _ in rows)
    lines = [(name if number == 0 else "", line)
             for name, words in rows for number, line in enumerate(words.split("\n"))]
    return "\n".join(f"    {name:<{width}}  {line}" for name, line in lines)


def who_looked(f):
    return table([
        ("accepted by the model, from 990,000 ppm", f"{f['accepted']:,}"),
        ("people were asked", f"{f['human']:,}"),
        ("held, below 500,000 ppm", f"{f['held']:,}"),
        ("accepted, and sent to people as a check", f"{f['checks']:,}"),
        ("human labels", f"{f['human_labels']:,}, given by {f['annotators']} annotators"),
    ])


def what_came_out(f):
    accepted = f["accepted"]
    low, high = f["auto_accept_errors_low"], f["auto_accept_errors_high"]
    return table([
        ("accepted items equal to the published label",
         f"{f['accepted_equal']:,} ({percent(f['accepted_equal'], accepted)})"),
        ("auto-accept errors by the crowd",
         f"{low} to {high} of {accepted:,} ({percent(low, accepted)} to {percent(high, accepted)})"),
        (f"disputed published labels: {f['disputed']}",
         f"{f['upheld']} upheld, {f['in_doubt']} in doubt,\n"
         f"{f['contradicted']} contradicted ({f['with_model']} with the model,"
         f" {f['neither']} neither)"),
        ("labels released",
         f"{f['released']:,}, of them {f['released_unlike_published']} unlike the published ones"),
    ])


def what_is_on_record(f):
    return table([
        ("uses", f"{f['uses_granted']} of {f['uses_limit']} granted, one more refused"
         f" ({f['refusal']});\nthe first page again under its old key: same bytes, same receipt,"
         " not counted"),
        ("audit", f"{f['audit']}: {f['entries']:,} entries, read again offline from a copy"
         " and over HTTP"),
        ("receipts", f"{f['receipts_verified']} verified offline with the log's public key;"
         " an altered one was refused"),
        ("lines", f"{f['lines_proved']} single predictions proved under the root of their chunk"),
        ("tampering", f"in a copy, entry {f['tamper_found_at']} was made to count"
         f" {f['tamper_after']} uses in place of {f['tamper_before']}:\nthe audit names entry"
         f" {f['tamper_found_at']}"),
        ("release", f"version {f['version']}, SHA-256\n{f['release_sha256']}"),
    ])


def what_happened(f):
    """`f`: the figures that the driver gathered from the parties, who had them from the API."""
    single = f["human_labels"] - 5 * f["disputed"]
    low, high = f["auto_accept_errors_low"], f["auto_accept_errors_high"]
    beginning = prose(f"""
        A provider sealed the {f['records']:,} published labels of the CIFAR-10 test set in a trusted
        data space. A labeling team obtained them under a contract and let a model's confidence
        decide what people must look at. The outcome became version {f['version']}, which a consumer
        used under a contract of its own. There are no images here, and people are *replayed*: an
        answer "by a person" is the recorded vote of a crowd worker or, for {single:,} items without
        votes, the published label.""")
    caveats = prose(f"""
        The {f['disputed']} were picked because the model disputes them: no accuracy can be read from
        them alone. "{low} to {high}" holds if the {f['accepted_equal']:,} accepted items that agree
        with the published label are right; nobody checked those. The bands are fixed by hand: they
        guarantee nothing on other data.""")
    return f"""
What happened

{beginning}

  Who looked at what
{who_looked(f)}

  What came out
{what_came_out(f)}

  What this does not say
{caveats}

  What is on record
{what_is_on_record(f)}
"""


def look_further(places, is_serving):
    """Commands to paste into a shell. `places`: paths, the URL, and ids by name."""
    p = places
    tally = p["binary"]
    key = f"--key @{p['log_key_file']}"

    def ask(who, path):
        bearer = f"Authorization: Bearer $(cat {p['parties']}/{who}/token)"
        return f'curl -sS -H "{bearer}" \\\n      {p["url"]}{path}'

    item = f"/v1/projects/{p['project']}/items/cifar10-test-00020"
    online = [
        ("What the server counts", [f"curl -sS {p['url']}/metrics"]),
        ("The consumer's contract and its count",
         [ask("consumer", f"/v1/contracts/{p['contract']}")]),
        ("A use more, which is refused",
         [f"{tally} use {p['contract']} --url {p['url']} \\\n"
          f"      --token-file {p['parties']}/consumer/token --purpose training --limit 10"]),
        ("The project, one disputed item of it, and the proof of what the model said of it",
         [ask("labeling-team", f"/v1/projects/{p['project']}"), ask("labeling-team", item),
          ask("labeling-team", item + "/proof")]),
        ("The released version, which names its parent and the project",
         [ask("provider", f"/v1/datasets/{p['dataset']}/versions/{p['version']}")]),
        ("The whole ledger, as the server shows it to an auditor",
         [f"{tally} audit {p['url']} {key} \\\n"
          f"      --token-file {p['parties']}/auditor/token"]),
    ]
    offline = [
        ("A receipt, checked with the log's public key alone",
         [f"{tally} verify {p['receipt']} \\\n      {key}"]),
        ("The ledger on disk, and the copy that was tampered with",
         [f"{tally} audit {p['space']} {key}", f"{tally} audit {p['tampered']} \\\n      {key}"]),
    ]
    chosen = (online if is_serving else []) + offline
    return "Look further\n\n" + "\n".join(
        f"  {words}\n" + "".join(f"    {command}\n" for command in commands)
        for words, commands in chosen)

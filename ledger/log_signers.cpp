#include "ledger/log_signers.h"

#include <algorithm>

#include "core/assert.h"
#include "core/json.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"
#include "ledger/store.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::sql::Session;
using core::sql::Tx;

struct Reads {
  core::sql::Connection& db;
  core::sql::Statement added{db, "select key, seq from log_key_added order by seq"};
  core::sql::Statement retired{db, "select key, seq from log_key_retired order by seq"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement add{db, "insert into log_key_added (key, seq, at) values (?1, ?2, ?3)"};
  core::sql::Statement retire{db, "insert into log_key_retired (key, seq, at) values (?1, ?2, ?3)"};
};

struct Row {
  std::string key;
  std::uint64_t seq = 0;
};

std::vector<Row> read_rows(core::sql::Cursor row) {
  std::vector<Row> rows;
  while (row.next()) rows.push_back({row.text(0), row.natural(1)});
  return rows;
}

std::optional<std::uint64_t> find(const std::vector<Row>& rows, const std::string& key) {
  auto found = std::ranges::find(rows, key, &Row::key);
  return found == rows.end() ? std::nullopt : std::optional(found->seq);
}

// The key that entry 0 names, where it opens a ledger.
std::string opening_key(Session& session) {
  auto entry = read_entry(session, 0);
  auto envelope = entry ? read_envelope(*entry) : std::nullopt;
  bool is_opening =
      envelope && (envelope->kind == ledger_opened_kind || envelope->kind == ledger_reopened_kind);
  if (!is_opening) return "";
  auto body = core::parse_json(envelope->body);
  const core::Json* key = body ? body->find("log_key") : nullptr;
  return key != nullptr && key->is_string() ? key->as_string() : "";
}

}  // namespace

LogSigners::LogSigners(std::vector<NoteSigner> held) {
  TALLY_ASSERT(!held.empty());
  for (auto& signer : held) held_.push_back({std::move(signer)});
  held_.front().from = 0;
}

void LogSigners::load(Session& session) {
  auto added = read_rows(session.use<Reads>().added());
  auto retired = read_rows(session.use<Reads>().retired());
  std::string opening = opening_key(session);
  for (Held& held : held_) {
    std::string key = format_vkey(held.signer.verifier());
    bool is_first = opening.empty() ? &held == &held_.front() : key == opening;
    held.from = is_first ? std::optional<std::uint64_t>(0) : std::nullopt;
    if (auto seq = find(added, key)) held.from = *seq + 1;
    held.until = find(retired, key);
  }
  if (!held_.front().from)
    throw Broken(
        "keys/log.key is no key of this ledger: no entry names it. Keys and database are of "
        "different "
        "times, or of different ledgers: put those together that belong together");
  bool goes_on = std::ranges::any_of(held_, [](const Held& it) { return it.from && !it.until; });
  if (held_.size() > 1 && held_.back().until)
    throw Broken(
        "keys/log.next.key was retired before, and a key never comes back; remove the file");
  if (!goes_on) throw Broken("keys/log.key was retired, and the key that followed it is not there");
  others_.clear();
  missing_.clear();
  std::vector<std::string> all{opening};
  for (const auto* rows : {&added, &retired})
    for (const Row& row : *rows) all.push_back(row.key);
  for (const std::string& text : all) {
    auto key = parse_vkey(text);
    bool is_held = key && std::ranges::any_of(
                              held_, [&](const Held& it) { return it.signer.verifier() == *key; });
    if (!key || is_held || std::ranges::find(others_, *key) != others_.end()) continue;
    others_.push_back(*key);
    if (!find(retired, text)) missing_.push_back(*key);
  }
}

const NoteSigner* LogSigners::pending() const {
  const Held& last = held_.back();
  return last.from ? nullptr : &last.signer;
}

bool LogSigners::is_retired(const NoteSigner& signer) const {
  return std::ranges::any_of(
      held_, [&](const Held& it) { return it.until && it.signer.verifier() == signer.verifier(); });
}

bool LogSigners::goes_on_without_first() const {
  return std::ranges::any_of(held_.begin() + 1, held_.end(),
                             [](const Held& it) { return it.from && !it.until; });
}

bool LogSigners::can_sign(std::uint64_t size) const {
  return std::ranges::any_of(held_, [size](const Held& it) { return it.signs(size); });
}

std::uint64_t LogSigners::first_entry_in_force() const {
  std::optional<std::uint64_t> first;
  for (const Held& held : held_) {
    if (held.from && !held.until && (!first || *held.from < *first)) first = held.from;
  }
  TALLY_ASSERT(first && *first > 0);
  return *first - 1;
}

std::string LogSigners::sign(const TreeHead& head) const {
  Note note{format_checkpoint({.origin = origin(), .head = head}), {}};
  for (const Held& held : held_) {
    if (held.signs(head.size)) note.signatures.push_back(sign_line(note.text, held.signer));
  }
  if (note.signatures.empty())
    throw Broken("no key is there that signs the tree of size " + std::to_string(head.size));
  return format_note(note);
}

const NoteSigner& LogSigners::signer_of_cose(std::uint64_t size) const {
  for (const Held& held : held_) {
    if (held.signs(size)) return held.signer;
  }
  throw Broken("no key is there that signs the tree of size " + std::to_string(size));
}

LogKeys LogSigners::in_force(std::uint64_t size) const {
  std::vector<VerifierKey> keys;
  for (const Held& held : held_) {
    if (held.signs(size)) keys.push_back(held.signer.verifier());
  }
  auto made = LogKeys::of(std::move(keys));
  if (!made) throw Broken(made.error().message);
  return *std::move(made);
}

LogKeys LogSigners::known() const {
  std::vector<VerifierKey> keys;
  for (const Held& held : held_) keys.push_back(held.signer.verifier());
  keys.insert(keys.end(), others_.begin(), others_.end());
  auto made = LogKeys::of(std::move(keys));
  if (!made) throw Broken(made.error().message);
  return *std::move(made);
}

LogSigners LogSigners::with_added(std::uint64_t seq) const {
  LogSigners other = *this;
  TALLY_ASSERT(other.pending() != nullptr);
  other.held_.back().from = seq + 1;
  return other;
}

LogSigners LogSigners::with_first_retired(std::uint64_t seq) const {
  LogSigners other = *this;
  TALLY_ASSERT(goes_on_without_first() && !held_.front().until);
  other.held_.front().until = seq;
  return other;
}

LogSigners LogSigners::without_retired() const {
  LogSigners other = *this;
  for (const Held& held : held_) {
    if (held.until) other.others_.push_back(held.signer.verifier());
  }
  std::erase_if(other.held_, [](const Held& held) { return held.until.has_value(); });
  TALLY_ASSERT(!other.held_.empty());
  return other;
}

LogSigners LogSigners::without_missing(const VerifierKey& key) const {
  LogSigners other = *this;
  auto erased = std::erase(other.missing_, key);
  TALLY_ASSERT(erased == 1);
  return other;
}

void apply(Tx& tx, const LogKeyAdded& event, std::uint64_t seq, core::Instant at) {
  tx.use<Writes>().add(event.key, seq, at).run();
}

void apply(Tx& tx, const LogKeyRetired& event, std::uint64_t seq, core::Instant at) {
  tx.use<Writes>().retire(event.key, seq, at).run();
}

}  // namespace tally::ledger

// Result<T>: what a decision returns when refusing is one of its normal answers.
//
// A small std::expected, which C++20 does not have. Broken machinery (disk, memory, a row that
// cannot be) throws `Broken` instead and is caught once, where a request enters. A bug fails
// TALLY_ASSERT and stops the process.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/assert.h"

namespace tally::core {

// Why a request is refused. api/problem.cpp gives each kind its HTTP status, in one switch.
enum class Refusal : std::uint8_t {
  malformed,        // not readable at all: broken JSON, broken note             400
  invalid,          // readable, but a member is wrong                           422
  unauthenticated,  // no token, or an unknown or expired one                    401
  forbidden,        // known, but not allowed: scope, purpose, count, time       403
  not_found,        // unknown, or not for the caller to see                     404
  conflict,         // the state does not permit it (now)                        409
  gone,             // erased: it was there and will not be again                410
  too_large,        // beyond a limit of size                                    413
  exhausted,        // too many, too often                                       429
  unavailable,      // try again later; nothing was changed, or it is not known  503
};

// One member that is wrong: where (a JSON pointer, RFC 6901), a stable code, and words.
struct Detail {
  std::string pointer;
  std::string code;
  std::string detail;

  bool operator==(const Detail&) const = default;
};

struct Error {
  Refusal kind = Refusal::invalid;
  std::string code;     // for programs, never changes: "contract.uses_exhausted"
  std::string message;  // for people: what, where, what to do
  std::vector<Detail> details = {};
};

// The machine or the data is broken: disk full, a row that cannot be, a chain that does not verify.
class Broken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return contract;` and `return Error{...};` should read as they do.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    TALLY_ASSERT(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }

 private:
  T& value() {
    TALLY_ASSERT(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    TALLY_ASSERT(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

// The value of a Result that has nothing to say beyond "done".
struct Done {
  bool operator==(const Done&) const = default;
};

}  // namespace tally::core

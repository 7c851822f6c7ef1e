// Random JSON values for property tests: every kind, awkward texts and names, four levels deep.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "core/json.h"

namespace tally::core {

inline rc::Gen<std::string> any_utf8() {
  static const std::vector<std::string> pieces = {"a",
                                                  "b",
                                                  "0",
                                                  "~",
                                                  "/",
                                                  "\"",
                                                  "\\",
                                                  "\b",
                                                  "\n",
                                                  "\x01",
                                                  "\x1f",
                                                  "\x7f",
                                                  "\xc2\x80",
                                                  "\xc3\xb6",
                                                  "\xe2\x82\xac",
                                                  "\xee\x80\x80",
                                                  "\r",
                                                  "\t",
                                                  " ",
                                                  "\xc3\xa9",
                                                  "",
                                                  "\xef\xac\xb3",
                                                  "\xef\xbf\xbf",
                                                  "\xf0\x9f\x98\x80",
                                                  "",
                                                  "aa",
                                                  "name",
                                                  "z",
                                                  "_",
                                                  "$",
                                                  "\xed\x9f\xbf",
                                                  "\xf4\x8f\xbf\xbf"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& piece : chosen) text += piece;
                        return text;
                      });
}

inline rc::Gen<std::int64_t> any_integer() {
  return rc::gen::oneOf(rc::gen::inRange<std::int64_t>(-json_integer_max, json_integer_max + 1),
                        rc::gen::inRange<std::int64_t>(-3, 4),
                        rc::gen::element(json_integer_max, -json_integer_max));
}

inline rc::Gen<Json> any_json(int depth = 4) {
  auto to_json = [](auto value) { return Json(std::move(value)); };
  auto scalar =
      rc::gen::oneOf(rc::gen::just(Json()), rc::gen::map(rc::gen::arbitrary<bool>(), to_json),
                     rc::gen::map(any_integer(), to_json), rc::gen::map(any_utf8(), to_json));
  if (depth == 0) return scalar;
  auto inner = rc::gen::resize(6, rc::gen::lazy([depth] { return any_json(depth - 1); }));
  auto array = rc::gen::map(rc::gen::container<Json::Array>(inner), to_json);
  auto members = rc::gen::container<std::vector<std::pair<std::string, Json>>>(
      rc::gen::pair(any_utf8(), inner));
  auto object = rc::gen::map(members, [](const std::vector<std::pair<std::string, Json>>& pairs) {
    Json made = Json::object({});
    for (const auto& [name, value] : pairs) {
      if (made.find(name) == nullptr) made.add(name, value);
    }
    return made;
  });
  return rc::gen::oneOf(scalar, array, object);
}

}  // namespace tally::core

#include "api/source_url.h"

#include <utility>

#include "api/http_client.h"

namespace tally::api {
namespace {

using core::Broken;

class Fetch {
 public:
  Fetch(std::string base, std::string prefix, const std::string& token)
      : client_(std::make_shared<HttpClient>(std::move(base),
                                             HttpClient::Options{.bearer_token = token})),
        prefix_(std::move(prefix)) {}

  std::optional<std::string> operator()(const std::string& path, std::size_t bytes_max) const {
    std::string target = prefix_ + "/" + path;
    std::string bytes;
    auto answer = client_->download(target, {}, [&](std::string_view piece) {
      bytes += piece;
      return bytes.size() <= bytes_max;
    });
    if (bytes.size() > bytes_max) throw Broken(target + " is longer than such a file can be");
    if (!answer) throw Broken(answer.error().message);
    if (answer->status == 200) return bytes;
    if (answer->status == 404) return std::nullopt;
    if (answer->status == 401 || answer->status == 403) {
      throw Broken(target + " is for the auditor role: give its token with --token-file FILE");
    }
    throw Broken(target + " was answered with status " + std::to_string(answer->status));
  }

 private:
  std::shared_ptr<HttpClient> client_;
  std::string prefix_;
};

}  // namespace

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

ledger::TileSource::Fetch fetch_from_url(const std::string& url, const std::string& token) {
  std::size_t slash = url.find('/', url.find("://") + 3);
  std::string prefix = slash == std::string::npos ? "" : url.substr(slash);
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty()) prefix = "/ledger";
  return Fetch(url.substr(0, slash), prefix, token);
}

}  // namespace tally::api

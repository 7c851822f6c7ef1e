#include "disk/site.h"

#include "core/hash.h"
#include "support/temp_dir.h"

namespace tally::test {

api::ServerKeys site_keys() {
  auto seed = [](const char* name) { return core::sha256(name); };
  return {ledger::NoteSigner(site_origin, core::SigningKey::from_seed(seed("log key"))),
          core::SigningKey::from_seed(seed("operator key")), seed("master key"), seed("secret")};
}

namespace {

// Of all sites, as these draw the same ids: the disk that breaks is that of the database.
std::string keys_on_another_disk() {
  static const TempDir directory;
  return directory.file("subjects.db");
}

}  // namespace

ledger::VerifierKey site_log_key() { return site_keys().log.verifier(); }

Site::Site(FaultyDisk& disk, std::uint64_t seed, int checkpoint_pages)
    : disk_(disk), random_(seed) {
  auto keys = site_keys();
  auto on_end = [this](const std::string& reason) {
    if (is_gone_) return;
    End end{reason, published()};
    std::lock_guard lock(mutex_);
    end_ = std::move(end);
  };
  store_ = std::make_unique<api::Store>(
      api::DataDir(disk.directory()), keys, on_end,
      api::Surroundings{clock_, random_, {disk.vfs(), checkpoint_pages}, keys_on_another_disk()});
  services_ = std::make_unique<api::Services>(store_->journal(), clock_, keys.master,
                                              keys.operator_key, std::string(keys.secret.view()));
  services_->uploads.discard_leftovers();
}

std::optional<Site::End> Site::end() {
  std::lock_guard lock(mutex_);
  return end_;
}

void Site::kill() {
  disk_.halt();
  stop();
}

void Site::stop() {
  is_gone_ = true;
  services_.reset();
  store_.reset();
}

}  // namespace tally::test

// What a disk holds between writes and syncs, and what a loss of power may leave of it.
//
// Written bytes stand in the page cache at once, and on the disk only after a sync. Without one the
// disk may hold any of them: each sector as it was after any of the writes since the last sync, in
// any order, torn at any byte; any of the sizes that the file has had; a file that was made and whose
// directory was not synced may be missing, one that was removed may be back.
// A sync that failed leaves pages that the kernel takes for clean: read back they are there, but no
// later sync writes them unless they are written again.
//
// Pure: nothing here touches a file.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace tally::test {

struct DiskOp {
  enum class Kind : std::uint8_t {
    create,
    remove,
    write,
    resize,
    sync,
    failed_sync,
    sync_directory,
  };

  Kind kind = Kind::write;
  std::string file = {};
  std::uint64_t at = 0;    // of a write: its offset; of a resize: the size
  std::string bytes = {};  // of a write
};

// Files by name, whole.
using Files = std::map<std::string, std::string>;

// How much of what was not synced is found after the loss of power.
enum class Survival : std::uint8_t {
  none,
  all,      // as after a kill: the page cache
  prefix,   // the first of the writes, the last of them torn
  some,     // each write or not, in their order
  last,     // the newest writes and not those before
  sectors,  // each sector as it was after any of the writes to it
};
inline constexpr int survivals = 6;

class DiskState {
 public:
  DiskState() = default;
  // These files, durable.
  explicit DiskState(const Files& files);

  void apply(const DiskOp& op);
  bool holds(const std::string& file) const { return names_.contains(file); }

  Files cached() const;
  Files after_power_loss(Survival survival, std::mt19937_64& random) const;

 private:
  struct Inode {
    std::string cached;
    std::string durable;
    std::vector<DiskOp> waiting;   // writes and resizes since the last sync
    std::set<std::uint64_t> lost;  // pages that a failed sync left behind
  };

  static void write_to(std::string& bytes, const DiskOp& op);
  static void sync(Inode& inode);
  static std::string remains(const Inode& inode, Survival survival, std::mt19937_64& random);

  std::vector<Inode> inodes_;
  std::map<std::string, std::size_t> names_;          // as processes see the directory
  std::map<std::string, std::size_t> durable_names_;  // as it was when it was synced last
  std::vector<std::map<std::string, std::size_t>> directory_history_;  // since then
};

}  // namespace tally::test

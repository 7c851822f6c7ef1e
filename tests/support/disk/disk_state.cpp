#include "support/disk/disk_state.h"

#include <algorithm>

namespace tally::test {
namespace {

constexpr std::uint64_t sector_bytes = 512;
constexpr std::uint64_t page_bytes = 4096;

std::uint64_t draw(std::mt19937_64& random, std::uint64_t below) {
  return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random);
}

DiskOp piece_of(const DiskOp& write, std::uint64_t from, std::uint64_t to) {
  return {DiskOp::Kind::write, write.file, write.at + from, write.bytes.substr(from, to - from)};
}

// The part of the write in each sector that it touches.
std::vector<DiskOp> by_sector(const DiskOp& write) {
  std::vector<DiskOp> pieces;
  std::uint64_t from = 0;
  while (from < write.bytes.size()) {
    std::uint64_t room = sector_bytes - (write.at + from) % sector_bytes;
    std::uint64_t to = std::min<std::uint64_t>(from + room, write.bytes.size());
    pieces.push_back(piece_of(write, from, to));
    from = to;
  }
  return pieces;
}

}  // namespace

DiskState::DiskState(const Files& files) {
  for (const auto& [name, bytes] : files) {
    names_[name] = inodes_.size();
    inodes_.push_back({bytes, bytes, {}, {}});
  }
  durable_names_ = names_;
}

void DiskState::write_to(std::string& bytes, const DiskOp& op) {
  if (op.kind == DiskOp::Kind::resize) {
    bytes.resize(op.at);
    return;
  }
  if (bytes.size() < op.at + op.bytes.size()) bytes.resize(op.at + op.bytes.size());
  bytes.replace(op.at, op.bytes.size(), op.bytes);
}

void DiskState::sync(Inode& inode) {
  for (const DiskOp& op : inode.waiting) write_to(inode.durable, op);
  inode.waiting.clear();
  inode.durable.resize(inode.cached.size());  // with holes where a failed sync lost pages
}

void DiskState::apply(const DiskOp& op) {
  using Kind = DiskOp::Kind;
  if (op.kind == Kind::sync_directory) {
    durable_names_ = names_;
    directory_history_.clear();
    return;
  }
  if (op.kind == Kind::create) {
    names_[op.file] = inodes_.size();
    inodes_.emplace_back();
    directory_history_.push_back(names_);
    return;
  }
  if (op.kind == Kind::remove) {
    names_.erase(op.file);
    directory_history_.push_back(names_);
    return;
  }
  Inode& inode = inodes_[names_.at(op.file)];
  switch (op.kind) {
    case Kind::sync:
      sync(inode);
      break;
    case Kind::failed_sync:
      for (const DiskOp& write : inode.waiting) {
        if (write.kind != Kind::write || write.bytes.empty()) continue;
        for (auto page = write.at / page_bytes;
             page <= (write.at + write.bytes.size() - 1) / page_bytes; ++page)
          inode.lost.insert(page);
      }
      inode.waiting.clear();
      break;
    default:
      write_to(inode.cached, op);
      inode.waiting.push_back(op);
      if (op.kind != Kind::write || op.bytes.empty() || inode.lost.empty()) break;
      // The page is dirty again, and all of it will be written.
      for (auto page = op.at / page_bytes; page <= (op.at + op.bytes.size() - 1) / page_bytes;
           ++page) {
        if (inode.lost.erase(page) == 0) continue;
        auto start = page * page_bytes;
        if (start >= inode.cached.size()) continue;
        inode.waiting.push_back(
            {Kind::write, op.file, start, inode.cached.substr(start, page_bytes)});
      }
  }
}

Files DiskState::cached() const {
  Files files;
  for (const auto& [name, inode] : names_) files[name] = inodes_[inode].cached;
  return files;
}

Files DiskState::after_power_loss(Survival survival, std::mt19937_64& random) const {
  const auto* directory = &durable_names_;
  if (survival == Survival::all) {
    directory = &names_;
  } else if (survival != Survival::none && !directory_history_.empty()) {
    auto pick = draw(random, directory_history_.size() + 1);
    if (pick > 0) directory = &directory_history_[pick - 1];
  }
  Files files;
  for (const auto& [name, inode] : *directory)
    files[name] = remains(inodes_[inode], survival, random);
  return files;
}

std::string DiskState::remains(const Inode& inode, Survival survival, std::mt19937_64& random) {
  if (survival == Survival::all) return inode.cached;
  std::string bytes = inode.durable;
  const auto& waiting = inode.waiting;
  std::size_t count = waiting.size();
  if (survival == Survival::none || (count == 0 && inode.lost.empty())) return bytes;
  // What a failed sync took for written: the disk may have got any of it.
  for (auto page : inode.lost) {
    auto start = page * page_bytes;
    if (draw(random, 2) == 0 || start >= inode.cached.size()) continue;
    write_to(bytes, {DiskOp::Kind::write, "", start, inode.cached.substr(start, page_bytes)});
  }
  if (count == 0) return bytes;
  auto tear = [&](const DiskOp& op) {
    if (op.kind != DiskOp::Kind::write || op.bytes.empty()) return;
    write_to(bytes, piece_of(op, 0, draw(random, op.bytes.size() + 1)));
  };
  switch (survival) {
    case Survival::prefix: {
      auto whole = draw(random, count + 1);
      for (std::size_t i = 0; i < whole; ++i) write_to(bytes, waiting[i]);
      if (whole < count) tear(waiting[whole]);
      break;
    }
    case Survival::some:
      for (const DiskOp& op : waiting) {
        if (draw(random, 2) == 1) write_to(bytes, op);
      }
      break;
    case Survival::last:
      for (std::size_t i = draw(random, count); i < count; ++i) write_to(bytes, waiting[i]);
      break;
    default: {
      std::map<std::uint64_t, std::size_t> until;  // by sector: how many of the writes it has seen
      std::size_t size_until = draw(random, count + 1);
      std::uint64_t size = bytes.size();
      for (std::size_t i = 0; i < count; ++i) {
        const DiskOp& op = waiting[i];
        bool resizes = op.kind == DiskOp::Kind::resize;
        if (i < size_until) {
          size = resizes ? op.at : std::max<std::uint64_t>(size, op.at + op.bytes.size());
        }
        if (resizes) continue;
        for (const DiskOp& piece : by_sector(op)) {
          auto [found, is_new] = until.try_emplace(piece.at / sector_bytes, 0);
          if (is_new) found->second = draw(random, count + 1);
          if (i < found->second) write_to(bytes, piece);
          if (i == found->second && draw(random, 4) == 0) tear(piece);
        }
      }
      bytes.resize(size);
    }
  }
  return bytes;
}

}  // namespace tally::test

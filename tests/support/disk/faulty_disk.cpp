#include "support/disk/faulty_disk.h"

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>

#include <sqlite3.h>

namespace tally::test {
namespace {

namespace fs = std::filesystem;

std::string name_of(const char* path) { return fs::path(path).filename().string(); }

sqlite3_vfs* system_vfs() { return sqlite3_vfs_find("unix"); }

// One open file: ours, with the system's behind it in the same allocation.
struct OpenFile {
  sqlite3_file base;
  FaultyDisk* disk;
  sqlite3_file* real;
  std::string* name;         // null: a temporary file, which nobody misses
  bool syncs_its_directory;  // with its first sync, as the system's VFS does for every log
};

OpenFile& own(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return own(file).real; }

int error_of(Fault fault, int otherwise) { return fault == Fault::full ? SQLITE_FULL : otherwise; }

int do_close(sqlite3_file* file) {
  int code = real(file)->pMethods->xClose(real(file));
  delete own(file).name;
  return code;
}
int do_read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), bytes, size, at);
}
int do_write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  OpenFile& self = own(file);
  if (self.name == nullptr) return self.real->pMethods->xWrite(self.real, bytes, size, at);
  auto verdict = self.disk->begin(
      {DiskOp::Kind::write, *self.name, static_cast<std::uint64_t>(at),
       std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))});
  if (verdict.fault == Fault::none) return self.real->pMethods->xWrite(self.real, bytes, size, at);
  if (verdict.bytes_done > 0)
    self.real->pMethods->xWrite(self.real, bytes, static_cast<int>(verdict.bytes_done), at);
  return error_of(verdict.fault, SQLITE_IOERR_WRITE);
}
int do_truncate(sqlite3_file* file, sqlite3_int64 size) {
  OpenFile& self = own(file);
  if (self.name != nullptr) {
    auto verdict =
        self.disk->begin({DiskOp::Kind::resize, *self.name, static_cast<std::uint64_t>(size), {}});
    if (verdict.fault != Fault::none) return SQLITE_IOERR_TRUNCATE;
  }
  return self.real->pMethods->xTruncate(self.real, size);
}
int do_sync(sqlite3_file* file, int) {
  OpenFile& self = own(file);
  if (self.name == nullptr) return SQLITE_OK;
  if (self.disk->begin({DiskOp::Kind::sync, *self.name, 0, {}}).fault != Fault::none)
    return SQLITE_IOERR_FSYNC;
  if (!self.syncs_its_directory) return SQLITE_OK;
  self.syncs_its_directory = false;
  auto verdict = self.disk->begin({DiskOp::Kind::sync_directory, {}, 0, {}});
  return verdict.fault == Fault::none ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}
int do_file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int do_lock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int do_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int do_check_reserved_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int do_file_control(sqlite3_file* file, int op, void* argument) {
  if (op == SQLITE_FCNTL_SIZE_HINT) return SQLITE_OK;  // would change the file behind our back
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}
int do_sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int do_device_characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int do_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int do_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void do_shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int do_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2: no pages are mapped, so every byte comes by here.
constexpr sqlite3_io_methods methods = {2,
                                        do_close,
                                        do_read,
                                        do_write,
                                        do_truncate,
                                        do_sync,
                                        do_file_size,
                                        do_lock,
                                        do_unlock,
                                        do_check_reserved_lock,
                                        do_file_control,
                                        do_sector_size,
                                        do_device_characteristics,
                                        do_shm_map,
                                        do_shm_lock,
                                        do_shm_barrier,
                                        do_shm_unmap,
                                        nullptr,
                                        nullptr};

FaultyDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<FaultyDisk*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  OpenFile& self = *new (file) OpenFile{};
  self.disk = &disk_of(vfs);
  self.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(OpenFile));
  constexpr int logs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  bool is_kept = path != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | logs)) != 0;
  if (is_kept && !self.disk->holds(name_of(path)) &&
      ((flags & SQLITE_OPEN_CREATE) != 0 || fs::exists(path))) {
    auto verdict = self.disk->begin({DiskOp::Kind::create, name_of(path), 0, {}});
    if (verdict.fault != Fault::none) return error_of(verdict.fault, SQLITE_CANTOPEN);
  }
  self.syncs_its_directory = (flags & logs) != 0 && (flags & SQLITE_OPEN_CREATE) != 0;
  int code = system_vfs()->xOpen(system_vfs(), path, self.real, flags, out_flags);
  if (self.real->pMethods == nullptr) return code;
  if (is_kept) self.name = new std::string(name_of(path));
  self.base.pMethods = &methods;
  return code;
}
int remove_file(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  FaultyDisk& disk = disk_of(vfs);
  if (!disk.holds(name_of(path))) return system_vfs()->xDelete(system_vfs(), path, 0);
  if (disk.begin({DiskOp::Kind::remove, name_of(path), 0, {}}).fault != Fault::none)
    return SQLITE_IOERR_DELETE;
  int code = system_vfs()->xDelete(system_vfs(), path, 0);
  if (code != SQLITE_OK || sync_directory == 0) return code;
  auto verdict = disk.begin({DiskOp::Kind::sync_directory, {}, 0, {}});
  return verdict.fault == Fault::none ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

std::string fresh_name() {
  static std::atomic<int> number{0};
  return "faulty-disk-" + std::to_string(++number);
}

DiskState state_of(const std::string& directory) { return DiskState(read_files(directory)); }

}  // namespace

struct FaultyDisk::Vfs {
  std::string name = fresh_name();
  sqlite3_vfs vfs = *system_vfs();

  explicit Vfs(FaultyDisk& disk) {
    vfs.zName = name.c_str();
    vfs.pNext = nullptr;
    vfs.pAppData = &disk;
    vfs.szOsFile += static_cast<int>(sizeof(OpenFile));
    vfs.xOpen = open_file;
    vfs.xDelete = remove_file;
    sqlite3_vfs_register(&vfs, 0);
  }
  ~Vfs() { sqlite3_vfs_unregister(&vfs); }
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;
};

FaultyDisk::FaultyDisk(std::string directory)
    : directory_(std::move(directory)),
      start_(state_of(directory_)),
      state_(start_),
      vfs_(std::make_unique<Vfs>(*this)) {}

FaultyDisk::FaultyDisk(std::string directory, const DiskState& state)
    : directory_(std::move(directory)),
      start_(state),
      state_(state),
      vfs_(std::make_unique<Vfs>(*this)) {
  write_files(state.cached(), directory_);
}

FaultyDisk::~FaultyDisk() = default;

const char* FaultyDisk::vfs() const { return vfs_->name.c_str(); }

void FaultyDisk::fail(FaultPlan plan) {
  std::lock_guard lock(mutex_);
  plan_ = plan;
  counted_ = 0;
}
void FaultyDisk::halt() {
  std::lock_guard lock(mutex_);
  halted_ = true;
}
bool FaultyDisk::has_failed() const {
  std::lock_guard lock(mutex_);
  return has_failed_;
}
std::size_t FaultyDisk::op_count() const {
  std::lock_guard lock(mutex_);
  return ops_.size();
}
std::vector<DiskOp> FaultyDisk::ops() const {
  std::lock_guard lock(mutex_);
  return ops_;
}
DiskState FaultyDisk::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}
bool FaultyDisk::holds(const std::string& file) const {
  std::lock_guard lock(mutex_);
  return state_.holds(file);
}

void FaultyDisk::note(DiskOp op) {
  state_.apply(op);
  ops_.push_back(std::move(op));
}

FaultyDisk::Verdict FaultyDisk::begin(DiskOp op) {
  std::lock_guard lock(mutex_);
  if (halted_) return {Fault::io_error, 0};
  bool counts = plan_.fault != Fault::none && (!plan_.syncs_only || op.kind == DiskOp::Kind::sync);
  std::size_t number = counts ? counted_++ : 0;
  bool fails = counts && (number == plan_.at || (plan_.lasting && number > plan_.at));
  if (!fails) {
    note(std::move(op));
    return {};
  }
  has_failed_ = true;
  Verdict verdict{plan_.fault, 0};
  if (plan_.fault == Fault::torn && op.kind == DiskOp::Kind::write) {
    verdict.bytes_done = op.bytes.size() / 2;
    op.bytes.resize(verdict.bytes_done);
    note(std::move(op));
  } else if (plan_.fault == Fault::lost && op.kind == DiskOp::Kind::sync) {
    op.kind = DiskOp::Kind::failed_sync;
    note(std::move(op));
  }
  return verdict;
}

namespace {

thread_local sqlite3* first_opened = nullptr;

int note_connection(sqlite3* db, char**, const sqlite3_api_routines*) {
  if (first_opened == nullptr) first_opened = db;
  return SQLITE_OK;
}
auto* const note_connection_entry = reinterpret_cast<void (*)()>(note_connection);

}  // namespace

WeakSync::WeakSync() {
  first_opened = nullptr;
  sqlite3_auto_extension(note_connection_entry);
}
WeakSync::~WeakSync() { sqlite3_cancel_auto_extension(note_connection_entry); }
void WeakSync::switch_off() {
  if (sqlite3_exec(first_opened, "pragma synchronous = off", nullptr, nullptr, nullptr) !=
      SQLITE_OK)
    throw std::runtime_error("synchronous stays on");
}

void write_files(const Files& files, const std::string& directory) {
  for (const auto& [name, bytes] : files) {
    std::ofstream file(directory + "/" + name, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + name);
  }
}

Files read_files(const std::string& directory) {
  Files files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    auto name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.ends_with("-shm")) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[name] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  return files;
}

}  // namespace tally::test

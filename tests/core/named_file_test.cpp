// Files that are put in place: in a directory of our own, and where somebody named one.
#include "core/named_file.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/temp_dir.h"

using namespace tally;
using core::Existing;
using core::FileMode;
using core::NamedFile;

namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

std::string refusal(const std::string& path, Existing existing = Existing::replaced) {
  auto file = NamedFile::open(path, existing);
  return file ? "" : file.error().code;
}

core::Result<core::Done> put(const std::string& path, std::string_view bytes) {
  auto file = NamedFile::open(path, Existing::replaced);
  if (!file) return file.error();
  return file->write(bytes);
}

}  // namespace

TEST_CASE("file: what a crash left of a write is written over") {
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("a.new"), "half"));
  CHECK(core::write_file(dir.file("a"), "whole"));
  CHECK(*core::read_file(dir.file("a")) == "whole");
  CHECK(names_in(dir.path()) == Names{"a"});
  CHECK(core::write_file(dir.file("a"), "again", FileMode::secret));
  CHECK((fs::status(dir.file("a")).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("named file: files around it stay, whatever their names, and nothing else is left") {
  test::TempDir dir;
  for (const char* name : {"a.new", "a~", ".a", "a.part"})
    REQUIRE(core::write_file(dir.file(name), name));
  auto file = NamedFile::open(dir.file("a"), Existing::kept, FileMode::secret);
  REQUIRE(file);
  CHECK(names_in(dir.path()) == Names{".a", "a.new", "a.part", "a~"});
  CHECK(file->write("bytes"));
  CHECK(names_in(dir.path()) == Names{".a", "a", "a.new", "a.part", "a~"});
  CHECK(*core::read_file(dir.file("a")) == "bytes");
  CHECK(*core::read_file(dir.file("a.new")) == "a.new");
  CHECK((fs::status(dir.file("a")).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("named file: what is to be kept is kept, also when it comes between the two steps") {
  test::TempDir dir;
  auto file = NamedFile::open(dir.file("a"), Existing::kept);
  auto other = NamedFile::open(dir.file("./a"), Existing::replaced);
  REQUIRE(file);
  REQUIRE(other);
  CHECK(file->place() == other->place());
  REQUIRE(other->write("first"));
  auto refused = file->write("second");
  REQUIRE(!refused);
  CHECK(refused.error().code == "file.exists");
  CHECK(names_in(dir.path()) == Names{"a"});
  CHECK(*core::read_file(dir.file("a")) == "first");
  CHECK(refusal(dir.file("a"), Existing::kept) == "file.exists");
  fs::create_symlink(dir.file("nowhere"), dir.file("link"));
  CHECK(refusal(dir.file("link"), Existing::kept) == "file.exists");
  CHECK(refusal(dir.path(), Existing::kept) == "file.exists");
}

TEST_CASE("named file: a place that cannot be written is found before") {
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("file"), "x"));
  fs::create_symlink(dir.file("nowhere"), dir.file("link"));
  for (const std::string& path :
       {dir.path(), dir.file("none/a"), dir.file("file/a"), dir.file("new/"), dir.file("link"),
        dir.file(std::string(256, 'a')), std::string()})
    CHECK_MESSAGE(refusal(path) == "file.unwritable", path);
  CHECK(refusal(dir.file(std::string(255, 'a'))).empty());
  CHECK(names_in(dir.path()) == Names{"file", "link"});
}

TEST_CASE("named file: a link is followed and stays") {
  test::TempDir dir;
  fs::create_directory(dir.file("sub"));
  REQUIRE(core::write_file(dir.file("sub/a"), "old"));
  fs::create_symlink("sub/a", dir.file("link"));
  CHECK(put(dir.file("link"), "new"));
  CHECK(fs::is_symlink(dir.file("link")));
  CHECK(*core::read_file(dir.file("sub/a")) == "new");
  CHECK(names_in(dir.path()) == Names{"link", "sub"});
  CHECK(NamedFile::open(dir.file("link"), Existing::replaced)->place() ==
        NamedFile::open(dir.file("sub/a"), Existing::replaced)->place());
}

TEST_CASE("named file: a FIFO and a device are written into, and stay what they are") {
  test::TempDir dir;
  REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  std::string got;
  {
    std::jthread reader([&] { got = *core::read_file(dir.file("fifo")); });
    CHECK(put(dir.file("fifo"), "bytes"));
  }
  CHECK(got == "bytes");
  CHECK(fs::is_fifo(dir.file("fifo")));
  if (::mknod(dir.file("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) {  // needs root
    auto written = put(dir.file("null"), "bytes");  // refused where the file system has no devices
    CHECK((written || written.error().code == "file.unwritable"));
    CHECK(fs::is_character_file(dir.file("null")));
    CHECK(names_in(dir.path()) == Names{"fifo", "null"});
  }
  CHECK(refusal(dir.file("fifo"), Existing::kept) == "file.exists");
}

TEST_CASE("named file: what standard error writes to already goes on where it stands") {
  test::TempDir dir;
  int kept = ::dup(STDERR_FILENO);
  core::Descriptor file(::open(dir.file("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(core::write_all(file.number(), "before "));
  ::dup2(file.number(), STDERR_FILENO);
  auto written = put("/dev/stderr", "bytes");
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  CHECK(written);
  CHECK(*core::read_file(dir.file("log")) == "before bytes");
  CHECK(names_in(dir.path()) == Names{"log"});
}

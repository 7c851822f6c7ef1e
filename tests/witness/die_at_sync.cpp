// LD_PRELOAD: the process is killed right after its DIE_AT_SYNC-th fsync has returned.
#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>

extern "C" int fsync(int file) {
  using Fsync = int (*)(int);
  static auto real = reinterpret_cast<Fsync>(::dlsym(RTLD_NEXT, "fsync"));
  static int left =
      std::getenv("DIE_AT_SYNC") == nullptr ? 0 : std::atoi(std::getenv("DIE_AT_SYNC"));
  int result = real(file);
  if (left > 0 && --left == 0) ::kill(::getpid(), SIGKILL);
  return result;
}

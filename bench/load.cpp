#include "bench/load.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tally::bench {
namespace {

using Time = std::chrono::steady_clock::time_point;

struct Connection {
  int socket = -1;
  std::uint64_t sent = 0;
  std::string buffer;
  std::size_t expected = 0;  // bytes of the whole answer; 0 until its head is there
  std::size_t head = 0;
  Time started;

  ~Connection() {
    if (socket >= 0) ::close(socket);
  }
};

int connect_to(int port) {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("the server cannot be reached");
  }
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

class Run {
 public:
  explicit Run(const Load& load) : load_(load), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < load.connections; ++i) {
      auto connection = std::make_unique<Connection>();
      connection->socket = connect_to(load.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, connection->socket, &event);
      connections_.push_back(std::move(connection));
      // cpp-httplib listens with a backlog of 5: a burst of connects would lose some.
      ::usleep(2'000);
    }
  }
  ~Run() { ::close(poll_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  LoadResult measure() {
    auto begin = std::chrono::steady_clock::now();
    counted_from_ = begin + as_duration(load_.warm_up_seconds);
    auto end = counted_from_ + as_duration(load_.seconds);
    for (std::size_t i = 0; i < connections_.size(); ++i) send_next(i);
    std::array<epoll_event, 128> events{};
    while (std::chrono::steady_clock::now() < end && result_.failures < 100) {
      int ready = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int i = 0; i < ready; ++i) receive(events[static_cast<std::size_t>(i)].data.u64);
    }
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - counted_from_).count();
    std::ranges::sort(latencies_ms_);
    result_.answers = latencies_ms_.size();
    result_.per_second = static_cast<double>(result_.answers) / seconds;
    result_.p50_ms = percentile(0.50);
    result_.p99_ms = percentile(0.99);
    return result_;
  }

 private:
  static std::chrono::nanoseconds as_duration(double seconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  }

  double percentile(double share) const {
    if (latencies_ms_.empty()) return 0;
    return latencies_ms_[static_cast<std::size_t>(share *
                                                  static_cast<double>(latencies_ms_.size() - 1))];
  }

  void fail(const std::string& why) {
    if (result_.failures++ == 0) result_.first_failure = why.substr(0, 500);
  }

  void send_next(std::size_t index) {
    Connection& connection = *connections_[index];
    std::string request = load_.request(index, connection.sent++);
    connection.buffer.clear();
    connection.expected = 0;
    connection.started = std::chrono::steady_clock::now();
    if (::send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      fail("a request could not be sent");
    }
  }

  void receive(std::size_t index) {
    Connection& connection = *connections_[index];
    std::array<char, 65536> part;  // NOLINT: filled by recv
    ssize_t got = ::recv(connection.socket, part.data(), part.size(), 0);
    if (got <= 0) {
      fail("a connection broke");
      ::epoll_ctl(poll_, EPOLL_CTL_DEL, connection.socket, nullptr);
      return;
    }
    connection.buffer.append(part.data(), static_cast<std::size_t>(got));
    if (connection.expected == 0 && !read_head(connection)) return;
    if (connection.buffer.size() < connection.expected) return;
    finish(connection);
    send_next(index);
  }

  bool read_head(Connection& connection) {
    auto end = connection.buffer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    static constexpr std::string_view name = "content-length: ";
    auto found = std::search(
        connection.buffer.begin(), connection.buffer.begin() + static_cast<std::ptrdiff_t>(end),
        name.begin(), name.end(),
        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    auto at = static_cast<std::size_t>(found - connection.buffer.begin());
    std::size_t length = at < end ? std::stoul(connection.buffer.substr(at + name.size(), 20)) : 0;
    connection.head = end + 4;
    connection.expected = end + 4 + length;
    return true;
  }

  void finish(Connection& connection) {
    auto now = std::chrono::steady_clock::now();
    if (connection.buffer.compare(0, 12, "HTTP/1.1 200") != 0) {
      fail(connection.buffer);
    } else if (load_.sample) {
      load_.sample(connection.buffer.substr(connection.head));
    }
    result_.answered += 1;
    if (now < counted_from_) return;
    latencies_ms_.push_back(
        std::chrono::duration<double, std::milli>(now - connection.started).count());
  }

  const Load& load_;
  int poll_;
  Time counted_from_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<double> latencies_ms_;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const Load& load) { return Run(load).measure(); }

}  // namespace tally::bench

#include "api/connection_pool.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/assert.h"
#include "core/result.h"
#include "core/time.h"

namespace tally::api {
namespace {

using Next = Connection::Next;

// A busy client's next request comes soon. While other workers are free, the worker waits for it,
// which costs less than to go through the epoll set and to wake another thread.
constexpr std::int64_t stay_ms = 5;

std::int64_t now_ms() { return core::system_clock().monotonic_ms(); }

std::string remote_address_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  const void* bytes = nullptr;
  if (address.ss_family == AF_INET) bytes = &reinterpret_cast<sockaddr_in*>(&address)->sin_addr;
  if (address.ss_family == AF_INET6) bytes = &reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr;
  if (bytes == nullptr) return {};
  ::inet_ntop(address.ss_family, bytes, text.data(), text.size());
  return text.data();
}

}  // namespace

ConnectionPool::ConnectionPool(const Options& options, const TlsContext* tls, Serve serve)
    : options_(options),
      tls_(tls),
      serve_(std::move(serve)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      running_workers_(options_.workers) {
  TALLY_ASSERT(options_.workers > 0 && options_.connections_max > 0);
  epoll_event wake{};
  wake.events = EPOLLIN;
  if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &wake) != 0)
    throw core::Broken("cannot wait for connections: epoll or eventfd failed");
  for (std::size_t i = 0; i < options_.connections_max; ++i) {
    places_.push_back(std::make_unique<Place>());
    vacant_.push_back(places_.back().get());
  }
  for (std::size_t i = 0; i < options_.workers; ++i) workers_.emplace_back([this, i] { work(i); });
}

ConnectionPool::~ConnectionPool() {
  drain(0);
  ::close(wake_);
  ::close(epoll_);
}

void ConnectionPool::drain(std::int64_t timeout_ms) {
  is_draining_ = true;
  std::uint64_t one = 1;
  TALLY_ASSERT(::write(wake_, &one, sizeof one) == sizeof one);
  std::int64_t deadline_ms = now_ms() + timeout_ms;
  while (running_workers_ > 0 && now_ms() < deadline_ms)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  is_given_up_ = true;
  workers_.clear();
  for (auto& place : places_) {
    std::lock_guard lock(place->mutex);
    place->connection.reset();
  }
}

void ConnectionPool::work(std::size_t worker) {
  while (!is_draining_) {
    epoll_event event{};
    ++idle_workers_;
    int count = ::epoll_wait(epoll_, &event, 1, -1);
    --idle_workers_;
    if (count == 1 && event.data.ptr != nullptr)
      serve(*static_cast<Place*>(event.data.ptr), worker);
  }
  --running_workers_;
}

void ConnectionPool::serve(Place& place, std::size_t worker) {
  std::lock_guard lock(place.mutex);
  if (!place.connection) return;  // it was closed while this event was on its way
  Next next = place.connection->advance(now_ms());
  while (next == Next::serve) {
    bool keep = serve_(*place.connection, worker);
    next = place.connection->finish_exchange(keep && !is_draining_, now_ms());
    bool stays = next == Next::wait_read && idle_workers_ > 0 && !is_draining_;
    if (stays && place.connection->has_input(stay_ms)) next = place.connection->advance(now_ms());
  }
  if (next == Next::close) return vacate(place);
  await(place, next, EPOLL_CTL_MOD);
}

// One worker at a time: the event is armed once, and again only when the connection waits again.
void ConnectionPool::await(Place& place, Next next, int operation) {
  epoll_event event{};
  event.events = (next == Next::wait_write ? EPOLLOUT : EPOLLIN) | std::uint32_t{EPOLLONESHOT};
  event.data.ptr = &place;
  if (::epoll_ctl(epoll_, operation, place.connection->descriptor(), &event) != 0) vacate(place);
}

void ConnectionPool::vacate(Place& place) {
  place.connection.reset();
  std::lock_guard lock(vacant_mutex_);
  vacant_.push_back(&place);
}

ConnectionPool::Place* ConnectionPool::vacant_place() {
  std::lock_guard lock(vacant_mutex_);
  if (vacant_.empty()) return nullptr;
  Place* place = vacant_.back();
  vacant_.pop_back();
  return place;
}

void ConnectionPool::admit(int descriptor, const std::atomic<bool>& stop) {
  Place* place = vacant_place();
  while (place == nullptr && !stop) {
    sweep();
    evict();
    place = vacant_place();
    if (place == nullptr) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (place == nullptr) {
    ::close(descriptor);
    return;
  }
  std::lock_guard lock(place->mutex);
  place->connection = std::make_unique<Connection>(descriptor, tls_, options_.limits, is_given_up_,
                                                   remote_address_of(descriptor), now_ms());
  await(*place, Next::wait_read, EPOLL_CTL_ADD);
}

void ConnectionPool::sweep() {
  std::int64_t now = now_ms();
  for (auto& place : places_) {
    std::unique_lock lock(place->mutex, std::try_to_lock);
    if (lock && place->connection && place->connection->deadline_ms() <= now) vacate(*place);
  }
}

void ConnectionPool::evict() {
  Place* first = nullptr;
  std::int64_t first_deadline_ms = 0;
  for (auto& place : places_) {
    std::unique_lock lock(place->mutex, std::try_to_lock);
    if (!lock || !place->connection) continue;
    std::int64_t deadline_ms = place->connection->deadline_ms();
    if (first != nullptr && first_deadline_ms <= deadline_ms) continue;
    if (place->connection->has_input()) continue;
    first = place.get();
    first_deadline_ms = deadline_ms;
  }
  if (first == nullptr) return;
  std::unique_lock lock(first->mutex, std::try_to_lock);
  if (lock && first->connection) vacate(*first);
}

}  // namespace tally::api

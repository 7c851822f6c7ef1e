// The connections of a server and the threads that serve them.
//
// All connections wait in one epoll set; an idle worker takes the next one that has something to
// say. Thus the number of connections is bound by `connections_max`, the number of requests at work
// by `workers`, and a request that finds no worker waits in its socket. When the pool is full, the
// silent connection that would expire first gives way to a new one; if none is silent, accepting
// waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/connection.h"
#include "api/socket.h"

namespace tally::api {

class ConnectionPool {
 public:
  struct Options {
    std::size_t workers = 64;
    std::size_t connections_max = 1'024;
    Connection::Limits limits = {};
  };
  // Answers the request at hand on worker 0 .. workers - 1. True: the connection may go on. Must
  // not throw.
  using Serve = std::function<bool(Connection&, std::size_t worker)>;

  // Starts the workers. `tls` may be null and must outlive the pool.
  ConnectionPool(const Options& options, const TlsContext* tls, Serve serve);
  ~ConnectionPool();  // drains, without patience

  // Takes the descriptor over. Waits for a place unless `stop` becomes true. Not for the workers.
  void admit(int descriptor, const std::atomic<bool>& stop);

  // Closes what has waited too long. To be called now and then by the thread that admits.
  void sweep();

  // Lets the requests at work finish, then ends the workers and closes all connections. Those that
  // still move bytes after `timeout_ms` are broken off; a handler is never interrupted.
  void drain(std::int64_t timeout_ms);

 private:
  // The mutex is held while a worker serves the connection, so a place that can be locked waits.
  struct Place {
    std::mutex mutex;
    std::unique_ptr<Connection> connection;
  };

  void work(std::size_t worker);
  void serve(Place& place, std::size_t worker);
  void await(Place& place, Connection::Next next, int operation);
  void vacate(Place& place);
  Place* vacant_place();
  void evict();

  Options options_;
  const TlsContext* tls_;
  Serve serve_;
  int epoll_ = -1;
  int wake_ = -1;  // an eventfd, readable once the pool drains
  std::atomic<bool> is_draining_ = false;
  std::atomic<bool> is_given_up_ = false;
  std::atomic<std::size_t> running_workers_;
  std::atomic<std::size_t> idle_workers_ = 0;   // in epoll_wait
  std::vector<std::unique_ptr<Place>> places_;  // does not change after the constructor
  std::mutex vacant_mutex_;
  std::vector<Place*> vacant_;
  std::vector<std::jthread> workers_;
};

}  // namespace tally::api

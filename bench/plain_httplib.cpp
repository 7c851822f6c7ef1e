// A plain cpp-httplib server that answers an empty GET: the rival of our own empty GET.
//   plain_httplib PORT THREADS
#include <cstdlib>

#include <httplib.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  httplib::Server server;
  auto threads = static_cast<std::size_t>(std::atol(argv[2]));
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  server.set_keep_alive_max_count(100'000'000);
  server.set_tcp_nodelay(true);
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("{\"status\":\"ok\"}", "application/json");
  });
  return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}

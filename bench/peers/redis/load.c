/*
 * Makes the load of one job on Redis through hiredis: each client has a connection of its own and one request on
 * its way at a time; one thread serves them all with epoll. Says {"ready":true}, then answers each line
 * "run WARM_MS RECORD_MS" on stdin with one line of JSON; ends with stdin.
 *
 *   load ADDRESS WORK CLIENTS
 */
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define EVENTS_MAX 256
#define LINE_MAX_BYTES 256

static const char *const release_script =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

typedef struct {
  int number;
  redisContext *connection;
  /* Of the lock: acquired, and not yet released. */
  bool holds;
  double since;
} Client;

typedef enum { WORK_LOCK, WORK_SEQUENCE } Work;

static Client *clients;
static int client_count;
static Work work;
static char release_sha[64];
static int poll_fd;

static double *times;
static size_t times_count, times_size;
static size_t on_their_way;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void record(double ms) {
  if (times_count == times_size) {
    times_size = times_size == 0 ? 1 << 16 : times_size * 2;
    times = realloc(times, times_size * sizeof *times);
    if (times == NULL) fail("times", "no memory");
  }
  times[times_count++] = ms;
}

static void flush(Client *client) {
  int done = 0;
  while (!done) {
    if (redisBufferWrite(client->connection, &done) != REDIS_OK) fail("write", client->connection->errstr);
  }
}

/* Sends the next request of a client; an operation begins with it unless the client holds its lock. */
static void ask(Client *client) {
  redisContext *connection = client->connection;
  if (!client->holds) client->since = now_ms();
  if (work == WORK_SEQUENCE) {
    redisAppendCommand(connection, "INCR sequence");
  } else if (client->holds) {
    redisAppendCommand(connection, "EVALSHA %s 1 lock-%d token-%d", release_sha, client->number, client->number);
  } else {
    redisAppendCommand(connection, "SET lock-%d token-%d NX PX 30000", client->number, client->number);
  }
  flush(client);
  on_their_way++;
}

/* An answer is there: returns whether the operation is done. */
static bool take(Client *client, const redisReply *reply) {
  if (reply->type == REDIS_REPLY_ERROR) fail("answer", reply->str);
  if (work == WORK_SEQUENCE) return true;
  if (client->holds) {
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer != 1) fail("release", "the lock was not held");
    client->holds = false;
    return true;
  }
  if (reply->type != REDIS_REPLY_STATUS) fail("acquire", "the lock was not free");
  client->holds = true;
  return false;
}

/* Serves the clients until the time has come; with stopping set, until nobody waits and nobody holds a lock. */
static void serve(double until_ms, bool recording, bool stopping) {
  struct epoll_event events[EVENTS_MAX];
  while (stopping ? on_their_way > 0 : now_ms() < until_ms) {
    int count = epoll_wait(poll_fd, events, EVENTS_MAX, 10);
    for (int event = 0; event < count; event++) {
      Client *client = events[event].data.ptr;
      void *found = NULL;
      if (redisBufferRead(client->connection) != REDIS_OK) fail("read", client->connection->errstr);
      if (redisGetReplyFromReader(client->connection, &found) != REDIS_OK) fail("read", client->connection->errstr);
      if (found == NULL) continue;
      on_their_way--;
      bool is_done = take(client, found);
      freeReplyObject(found);
      if (is_done && recording) record(now_ms() - client->since);
      if (!is_done || !stopping) ask(client);
    }
  }
}

static void open_clients(const char *address) {
  char host[LINE_MAX_BYTES];
  const char *colon = strrchr(address, ':');
  if (colon == NULL || colon - address >= LINE_MAX_BYTES) fail(address, "expected HOST:PORT");
  snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
  poll_fd = epoll_create1(0);
  clients = calloc((size_t)client_count, sizeof *clients);
  if (clients == NULL || poll_fd < 0) fail("open", "no memory");
  for (int number = 0; number < client_count; number++) {
    Client *client = &clients[number];
    client->number = number;
    client->connection = redisConnect(host, atoi(colon + 1));
    if (client->connection == NULL || client->connection->err) fail(address, "no connection");
    if (number == 0) {
      redisReply *reply = redisCommand(client->connection, "SCRIPT LOAD %s", release_script);
      if (reply == NULL || reply->type != REDIS_REPLY_STRING) fail("script", "not loaded");
      snprintf(release_sha, sizeof release_sha, "%s", reply->str);
      freeReplyObject(reply);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, client->connection->fd, &event) != 0) fail("epoll", "not added");
  }
}

static int compare(const void *a, const void *b) {
  double first = *(const double *)a, second = *(const double *)b;
  return (first > second) - (first < second);
}

static double at(double share) {
  return times_count == 0 ? 0 : times[(size_t)(share * (double)(times_count - 1))];
}

static void measure(int warm_ms, int record_ms) {
  times_count = 0;
  for (int number = 0; number < client_count; number++) ask(&clients[number]);
  serve(now_ms() + warm_ms, false, false);
  double began = now_ms(), cpu = cpu_seconds();
  serve(began + record_ms, true, false);
  double elapsed = now_ms() - began, sum = 0;
  cpu = cpu_seconds() - cpu;
  serve(0, false, true);
  qsort(times, times_count, sizeof *times, compare);
  for (size_t index = 0; index < times_count; index++) sum += times[index];
  printf("{\"operations\":%zu,\"elapsedMs\":%.3f,\"meanMs\":%.4f,\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"p999Ms\":%.4f,"
         "\"maxMs\":%.4f,\"cpuSeconds\":%.4f,\"silenceMs\":0}\n",
         times_count, elapsed, times_count == 0 ? 0 : sum / (double)times_count, at(0.5), at(0.99), at(0.999),
         at(1), cpu);
  fflush(stdout);
}

int main(int count, char **args) {
  if (count != 4) fail("usage", "load ADDRESS WORK CLIENTS");
  if (strcmp(args[2], "lock") == 0) work = WORK_LOCK;
  else if (strcmp(args[2], "sequence") == 0) work = WORK_SEQUENCE;
  else fail(args[2], "is no work");
  client_count = atoi(args[3]);
  if (client_count < 1) fail(args[3], "expected a number of clients");
  open_clients(args[1]);
  printf("{\"ready\":true}\n");
  fflush(stdout);
  char line[LINE_MAX_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) {
    int warm_ms, record_ms;
    if (sscanf(line, "run %d %d", &warm_ms, &record_ms) != 2) fail(line, "expected run WARM_MS RECORD_MS");
    measure(warm_ms, record_ms);
  }
  return 0;
}

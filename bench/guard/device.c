/*
 * The batteries of the guard's benchmark and the clock beside them: every Modbus unit is a battery of its own that shows a
 * breach, waits for the stop, cools down, waits until it is released, and begins again.
 *
 *   released ──a moment by chance──▶ hot ──answer sent──▶ shown ──stop written──▶ stopped ──released by its poller──▶ …
 *
 * `device PERIOD_US WORD,WORD,…` prints its port; the words are what its registers hold. Standard input says what to do,
 * for the units FIRST to FIRST + COUNT - 1, and each command is answered by one line:
 *
 *   await FIRST COUNT READS      when each was read so often
 *   show FIRST COUNT BREACHES    after so many breaches, as JSON: µs from shown to written and from breach to written
 *   report                       stops that no breach asked for, so far
 *
 * Two populations of units may be shown breaches at once. Times are taken when the answer with the breach is handed to the
 * socket and when the request with the stop has come out of it. Ends when its standard input does.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { UNITS = 256, REGISTERS = 60, CLIENTS = 1024, MOST = 20000, JOBS = 2 };
/* What this knows of bench-battery.json. */
enum { TEMPERATURE = 24, BATTERY_POWER = 29, AC_POWER = 30, MODE = 50 };
enum { HOLD = 0, OWN_CONTROL = 1, HOT = 520, COOL = 250, POWER = 5000 };

struct job {
  int open, first, count, wanted, armed, done;
  float shown[MOST], breach[MOST];
};
struct unit {
  uint16_t registers[REGISTERS];
  long reads;
  int64_t due, hot, shown; /* ns; 0: not */
};
struct client {
  ssize_t have;
  unsigned char bytes[600];
};
static struct unit units[UNITS];
static struct client clients[CLIENTS];
static struct job jobs[JOBS];
static int64_t period;
static int timer, awaited_first, awaited_count;
static long awaited_reads, unasked;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct job *job_of(int unit) {
  for (int at = 0; at < JOBS; at++)
    if (jobs[at].open && unit >= jobs[at].first && unit < jobs[at].first + jobs[at].count) return &jobs[at];
  return NULL;
}

/* Half a period to one and a half from now: every place between two polls is as likely. */
static void arm(int at) {
  struct job *job = job_of(at);
  if (!job || units[at].due || units[at].hot || units[at].registers[MODE] != OWN_CONTROL || job->armed >= job->wanted) return;
  job->armed++;
  units[at].due = now() + period / 2 + (int64_t)(drand48() * (double)period);
}

static void set_timer(void) {
  int64_t next = 0;
  for (int at = 0; at < UNITS; at++)
    if (units[at].due && (!next || units[at].due < next)) next = units[at].due;
  struct itimerspec when = {.it_value = {.tv_sec = next / 1000000000LL, .tv_nsec = next % 1000000000LL}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void heat(void) {
  uint64_t ignored;
  if (read(timer, &ignored, sizeof ignored) < 0) return;
  for (int at = 0; at < UNITS; at++) {
    struct unit *unit = &units[at];
    if (!unit->due || unit->due > now()) continue;
    unit->due = 0, unit->shown = 0, unit->hot = now(), unit->registers[TEMPERATURE] = HOT;
  }
  set_timer();
}

static void print_times(const char *name, const float *times, int count, const char *end) {
  printf("\"%s\":[", name);
  for (int at = 0; at < count; at++) printf(at ? ",%.1f" : "%.1f", (double)times[at]);
  printf("]%s", end);
}

static void stopped(int at, int64_t written) {
  struct unit *unit = &units[at];
  struct job *job = job_of(at);
  unit->registers[BATTERY_POWER] = unit->registers[AC_POWER] = 0;
  if (!unit->hot || !unit->shown || !job) {
    unasked++;
    return;
  }
  job->shown[job->done] = (float)(written - unit->shown) / 1000;
  job->breach[job->done++] = (float)(written - unit->hot) / 1000;
  unit->hot = unit->shown = 0, unit->registers[TEMPERATURE] = COOL;
  if (job->done < job->wanted) return;
  job->open = 0;
  printf("{\"first\":%d,", job->first);
  print_times("shownUs", job->shown, job->done, ",");
  print_times("breachUs", job->breach, job->done, "}\n");
  fflush(stdout);
}

static void write_register(int at, int name, uint16_t value, int64_t came) {
  uint16_t before = units[at].registers[name];
  units[at].registers[name] = value;
  if (name != MODE || (before == value && !units[at].hot)) return;
  if (value == HOLD) stopped(at, came);
  else units[at].registers[BATTERY_POWER] = units[at].registers[AC_POWER] = POWER, arm(at), set_timer();
}

/* The answer to one whole frame; its length. */
static size_t answer(const unsigned char *request, unsigned char *reply, int64_t came) {
  int at = request[6], first = request[8] << 8 | request[9], count = request[10] << 8 | request[11], body = 6;
  struct unit *unit = &units[at];
  memcpy(reply, request, 12);
  if (request[7] == 3 && count >= 1 && first + count <= REGISTERS) {
    body = 3 + 2 * count, reply[8] = (unsigned char)(2 * count);
    for (int n = 0; n < count; n++) {
      reply[9 + 2 * n] = (unsigned char)(unit->registers[first + n] >> 8);
      reply[10 + 2 * n] = (unsigned char)unit->registers[first + n];
    }
    unit->reads++;
    if (unit->hot && !unit->shown && first <= TEMPERATURE && TEMPERATURE < first + count) unit->shown = now();
  } else if (request[7] == 6 && first < REGISTERS) write_register(at, first, (uint16_t)count, came);
  else body = 3, reply[7] |= 0x80, reply[8] = 2;
  reply[4] = 0, reply[5] = (unsigned char)body;
  return 6 + (size_t)body;
}

static void serve(int fd) {
  struct client *client = &clients[fd];
  unsigned char reply[300];
  ssize_t got = recv(fd, client->bytes + client->have, sizeof client->bytes - (size_t)client->have, 0);
  int64_t came = now();
  if (got <= 0) {
    close(fd);
    return;
  }
  client->have += got;
  for (ssize_t length; client->have >= 12 && client->have >= (length = 6 + client->bytes[5]);) {
    if (send(fd, reply, answer(client->bytes, reply, came), MSG_NOSIGNAL) < 0) break;
    memmove(client->bytes, client->bytes + length, (size_t)(client->have -= length));
  }
}

static void tell_awaited(void) {
  if (!awaited_count) return;
  for (int at = awaited_first; at < awaited_first + awaited_count; at++)
    if (units[at].reads < awaited_reads) return;
  awaited_count = 0;
  puts("polled"), fflush(stdout);
}

static void obey(const char *line) {
  int first, count, number;
  if (sscanf(line, "await %d %d %d", &first, &count, &number) == 3) {
    awaited_first = first, awaited_count = count, awaited_reads = number;
    for (int at = first; at < first + count; at++) {
      units[at].reads = 0;
      /* Whoever guarded it before may have ended between a stop and the release. */
      if (!job_of(at)) units[at].registers[MODE] = OWN_CONTROL, units[at].registers[BATTERY_POWER] = units[at].registers[AC_POWER] = POWER;
    }
  } else if (sscanf(line, "show %d %d %d", &first, &count, &number) == 3 && number <= MOST) {
    struct job *job = jobs[0].open ? &jobs[1] : &jobs[0];
    *job = (struct job){.open = 1, .first = first, .count = count, .wanted = number};
    for (int at = first; at < first + count; at++) arm(at);
    set_timer();
  } else if (strncmp(line, "report", 6) == 0) {
    printf("unasked %ld\n", unasked), fflush(stdout);
  }
}

static void listen_to_input(void) {
  static char text[1000];
  static size_t have;
  ssize_t got = read(STDIN_FILENO, text + have, sizeof text - 1 - have);
  if (got <= 0) exit(0);
  text[have += (size_t)got] = 0;
  for (char *end; (end = strchr(text, '\n'));) {
    *end = 0;
    obey(text);
    memmove(text, end + 1, have -= (size_t)(end + 1 - text));
    text[have] = 0;
  }
}

int main(int argc, char **argv) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), events = epoll_create1(0), one = 1, name = 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  struct epoll_event event = {.events = EPOLLIN}, ready[64];
  if (argc < 3 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 64) != 0) return 1;
  period = atoll(argv[1]) * 1000;
  for (char *word = strtok(argv[2], ","); word && name < REGISTERS; word = strtok(NULL, ","), name++)
    for (int at = 0; at < UNITS; at++) units[at].registers[name] = (uint16_t)atoi(word);
  getsockname(listener, (struct sockaddr *)&address, &length);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const int sources[] = {listener, timer, STDIN_FILENO};
  for (int at = 0; at < 3; at++) event.data.fd = sources[at], epoll_ctl(events, EPOLL_CTL_ADD, sources[at], &event);
  printf("%d\n", ntohs(address.sin_port)), fflush(stdout);
  for (;;)
    for (int count = epoll_wait(events, ready, 64, -1), at = 0; at < count; at++) {
      int fd = ready[at].data.fd;
      if (fd == timer) heat();
      else if (fd == STDIN_FILENO) listen_to_input();
      else if (fd != listener) serve(fd), tell_awaited();
      else if ((fd = accept(listener, NULL, NULL)) >= 0 && fd < CLIENTS) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        clients[fd].have = 0, event.data.fd = fd;
        epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
      }
    }
}

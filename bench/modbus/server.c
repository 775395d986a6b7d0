/*
 * The cheapest Modbus TCP device for a benchmark: 256 registers that never change, function 3 only.
 *
 * `server few` gives each connection a thread, so that an exchange is one recv and one send; `server many` serves all
 * from one epoll loop. Prints its port. Ends when its standard input does, so that it never outlives the benchmark.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REGISTERS = 256, REQUEST = 12, LONGEST_REPLY = 9 + 2 * 125, CLIENTS = 4096, STACK = 64 * 1024 };

struct client {
  ssize_t have;
  unsigned char request[REQUEST];
};
static struct client clients[CLIENTS];
static int events, many;

static size_t answer(const unsigned char *request, unsigned char *reply) {
  int first = request[8] << 8 | request[9], count = request[10] << 8 | request[11];
  memcpy(reply, request, 8);
  if (request[7] != 3 || count < 1 || count > 125 || first + count > REGISTERS) {
    reply[4] = 0, reply[5] = 3, reply[7] |= 0x80, reply[8] = 2;
    return 9;
  }
  reply[4] = 0, reply[5] = (unsigned char)(3 + 2 * count), reply[8] = (unsigned char)(2 * count);
  for (int at = 0; at < count; at++) reply[9 + 2 * at] = 0, reply[10 + 2 * at] = (unsigned char)(first + at);
  return 9 + 2 * (size_t)count;
}

/* One recv, and one send once the request is whole; 0 when the connection has ended. */
static int serve(int fd) {
  struct client *client = &clients[fd];
  unsigned char reply[LONGEST_REPLY];
  ssize_t got = recv(fd, client->request + client->have, (size_t)(REQUEST - client->have), 0);
  if (got > 0) {
    client->have = (client->have + got) % REQUEST;
    if (client->have > 0 || send(fd, reply, answer(client->request, reply), MSG_NOSIGNAL) > 0) return 1;
  }
  close(fd);
  return 0;
}

static void *serve_alone(void *connection) {
  while (serve((int)(intptr_t)connection)) continue;
  return NULL;
}

static void *serve_all(void *ignored) {
  struct epoll_event ready[128];
  for (;;)
    for (int count = epoll_wait(events, ready, 128, -1), at = 0; at < count; at++) serve(ready[at].data.fd);
  return ignored;
}

static void *take(void *listener) {
  pthread_attr_t attributes;
  pthread_t thread;
  int one = 1;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  for (int fd; (fd = accept((int)(intptr_t)listener, NULL, NULL)) >= 0 && fd < CLIENTS;) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    clients[fd].have = 0;
    if (many) epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
    else if (pthread_create(&thread, &attributes, serve_alone, (void *)(intptr_t)fd) != 0) close(fd);
  }
  return NULL;
}

int main(int argc, char **argv) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  pthread_t thread;
  many = argc > 1 && strcmp(argv[1], "many") == 0;
  events = epoll_create1(0);
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1024) != 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  if (pthread_create(&thread, NULL, take, (void *)(intptr_t)listener) != 0) return 1;
  if (many && pthread_create(&thread, NULL, serve_all, NULL) != 0) return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (char ignored[64]; read(STDIN_FILENO, ignored, sizeof ignored) > 0;) continue;
  return 0;
}

/*
 * The cheapest Modbus TCP device for a benchmark: 256 registers that never change, function 3 only, a thread for each
 * connection, so that an exchange is one recv and one send.
 *
 * Prints its port. Ends when its standard input does, so that it never outlives the benchmark. `gcc -O2 server.c`
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REGISTERS = 256, REQUEST = 12, LONGEST_REPLY = 9 + 2 * 125, STACK = 64 * 1024 };

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

static void *serve(void *connection) {
  int fd = (int)(intptr_t)connection;
  unsigned char request[REQUEST], reply[LONGEST_REPLY];
  for (ssize_t have = 0, got; (got = recv(fd, request + have, (size_t)(REQUEST - have), 0)) > 0;) {
    have = (have + got) % REQUEST;
    if (have == 0 && send(fd, reply, answer(request, reply), MSG_NOSIGNAL) < 0) break;
  }
  close(fd);
  return NULL;
}

static void *take(void *listener) {
  pthread_attr_t attributes;
  pthread_t thread;
  int one = 1;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (int fd; (fd = accept((int)(intptr_t)listener, NULL, NULL)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd) != 0) close(fd);
  }
  return NULL;
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  pthread_t thread;
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1024) != 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  if (pthread_create(&thread, NULL, take, (void *)(intptr_t)listener) != 0) return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (char ignored[64]; read(STDIN_FILENO, ignored, sizeof ignored) > 0;) continue;
  return 0;
}

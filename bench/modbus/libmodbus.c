/*
 * libmodbus in a closed loop on one connection: `libmodbus PORT`; each line of input says for how many ms.
 *
 * Answers each with one line of JSON, like client.entry.ts. `gcc -O2 libmodbus.c -lmodbus`
 */
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static double cpu_us(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int argc, char **argv) {
  modbus_t *device = modbus_new_tcp("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0);
  uint16_t words[125];
  char line[32];
  if (!device || modbus_set_slave(device, 1) || modbus_connect(device)) return 1;
  while (fgets(line, sizeof line, stdin)) {
    double start = now_ms(), cpu = cpu_us(), end = start + atof(line);
    long reads = 0;
    for (; now_ms() < end; reads++)
      if (modbus_read_registers(device, 0, 60, words) != 60) return 1;
    double elapsed = now_ms() - start;
    printf("{\"reads\":%ld,\"elapsedMs\":%f,\"cpuUs\":%f,\"rssBytes\":0,\"latestMs\":0}\n", reads, elapsed, cpu_us() - cpu);
    fflush(stdout);
  }
  return 0;
}

// Copyright 2026 hvd_ros contributors
// SPDX-License-Identifier: Apache-2.0
//
// A slower clock for a process and all that it starts.
//
// The whole graph is eight processes that want their turn every 10 ms. A computer that can not give
// it to them shows nothing of the graph, only of itself. With this library preloaded, one second of
// every clock takes PACE_SLOWER seconds of the computer: what is read is slower, what is waited for
// is longer. Clocks of processor time stay what they are. Times that a program hands to the kernel
// past the C library (a futex of its own) are stretched where syscall() carries them.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct timespec Span;

#define GIGA 1000000000LL
// A time since boot is smaller than this, a date larger: tells a deadline's clock where no call says.
#define DATE_S 1000000000LL

// Who waits longer than this waits for ever, and the sums below would not hold the number.
#define FOREVER_S 500000000LL

static double slower = 1.0;
static int64_t since_boot_ns, since_1970_ns;  // when the clocks began to differ

#define NEXT(name) \
  static __typeof__(&name) next; \
  if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int64_t ns_of(Span t) { return (int64_t)t.tv_sec * GIGA + t.tv_nsec; }
static Span span_of(int64_t ns) { return (Span){.tv_sec = ns / GIGA, .tv_nsec = ns % GIGA}; }

__attribute__((constructor)) static void begin(void) {
  const char *factor = getenv("PACE_SLOWER"), *boot = getenv("PACE_BOOT_NS"),
             *date = getenv("PACE_DATE_NS");
  if (!factor || !boot || !date) return;
  since_boot_ns = strtoll(boot, NULL, 10);
  since_1970_ns = strtoll(date, NULL, 10);
  slower = strtod(factor, NULL);
}

static int64_t base_of(clockid_t clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      return since_1970_ns;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
      return since_boot_ns;
    default:
      return -1;  // the processor's time
  }
}

static Span longer(Span t) {
  return t.tv_sec > FOREVER_S ? t : span_of((int64_t)(ns_of(t) * slower));
}

static struct timeval longer_tv(struct timeval t) {
  Span real = longer((Span){.tv_sec = t.tv_sec, .tv_nsec = t.tv_usec * 1000});
  return (struct timeval){.tv_sec = real.tv_sec, .tv_usec = real.tv_nsec / 1000};
}

static Span deadline(clockid_t clock, Span t) {
  int64_t base = base_of(clock);
  if (base < 0 || t.tv_sec - base / GIGA > FOREVER_S) return t;
  return span_of(base + (int64_t)((ns_of(t) - base) * slower));
}

static clockid_t clock_of(const Span *t) {
  return t->tv_sec > DATE_S ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

// Reading a clock

int clock_gettime(clockid_t clock, Span *t) {
  NEXT(clock_gettime);
  int code = next(clock, t);
  int64_t base = base_of(clock);
  if (code == 0 && base >= 0) *t = span_of(base + (int64_t)((ns_of(*t) - base) / slower));
  return code;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  (void)zone;
  Span now;
  int code = clock_gettime(CLOCK_REALTIME, &now);
  *t = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return code;
}

time_t time(time_t *t) {
  Span now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}

// Sleeping

int clock_nanosleep(clockid_t clock, int flags, const Span *t, Span *left) {
  NEXT(clock_nanosleep);
  Span real = flags & TIMER_ABSTIME ? deadline(clock, *t) : longer(*t);
  int code = next(clock, flags, &real, left);
  if (code == EINTR && left) *left = span_of((int64_t)(ns_of(*left) / slower));
  return code;
}

int nanosleep(const Span *t, Span *left) {
  int code = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
  if (code) errno = code;
  return code ? -1 : 0;
}

int usleep(useconds_t us) {
  Span t = span_of(us * 1000LL);
  return nanosleep(&t, NULL);
}

unsigned sleep(unsigned seconds) {
  Span t = {.tv_sec = seconds}, left = {0};
  return nanosleep(&t, &left) ? (unsigned)left.tv_sec : 0;
}

// Waiting for a descriptor

static int longer_ms(int ms) {
  double real = ms * slower + 0.5;
  return ms <= 0 ? ms : real < INT_MAX ? (int)real : INT_MAX;
}

int poll(struct pollfd *fds, nfds_t n, int ms) {
  NEXT(poll);
  return next(fds, n, longer_ms(ms));
}

int ppoll(struct pollfd *fds, nfds_t n, const Span *t, const sigset_t *mask) {
  NEXT(ppoll);
  Span real = t ? longer(*t) : (Span){0};
  return next(fds, n, t ? &real : NULL, mask);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int ms) {
  NEXT(epoll_wait);
  return next(fd, events, n, longer_ms(ms));
}

int epoll_pwait(int fd, struct epoll_event *events, int n, int ms, const sigset_t *mask) {
  NEXT(epoll_pwait);
  return next(fd, events, n, longer_ms(ms), mask);
}

int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const Span *t, const sigset_t *mask) {
  NEXT(pselect);
  Span real = t ? longer(*t) : (Span){0};
  return next(n, r, w, e, t ? &real : NULL, mask);
}

int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t) {
  NEXT(select);
  struct timeval real = t ? longer_tv(*t) : (struct timeval){0};
  return next(n, r, w, e, t ? &real : NULL);
}

// Waiting for a thread. The newer call says which clock it means and exists in one version only.

int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const Span *t) {
  NEXT(pthread_cond_clockwait);
  Span real = deadline(clock, *t);
  return next(c, m, clock, &real);
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const Span *restrict t) {
  return pthread_cond_clockwait(c, m, clock_of(t), t);
}

int sem_clockwait(sem_t *s, clockid_t clock, const Span *t) {
  NEXT(sem_clockwait);
  Span real = deadline(clock, *t);
  return next(s, clock, &real);
}

int sem_timedwait(sem_t *restrict s, const Span *restrict t) {
  return sem_clockwait(s, clock_of(t), t);
}

int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const Span *t) {
  NEXT(pthread_mutex_clocklock);
  Span real = deadline(clock, *t);
  return next(m, clock, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const Span *restrict t) {
  return pthread_mutex_clocklock(m, clock_of(t), t);
}

long syscall(long number, ...) {
  va_list rest;
  long a[6];
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  NEXT(syscall);
  Span real;
  int wait = (int)a[1] & FUTEX_CMD_MASK;
  if (number == SYS_futex && a[3] && (wait == FUTEX_WAIT || wait == FUTEX_WAIT_BITSET)) {
    const Span *t = (const Span *)a[3];
    real = wait == FUTEX_WAIT ? longer(*t) : deadline(clock_of(t), *t);
    a[3] = (long)&real;
  }
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// Alarms

int setitimer(
    __itimer_which_t which, const struct itimerval *restrict t, struct itimerval *restrict old) {
  NEXT(setitimer);
  struct itimerval real = *t;
  if (which == ITIMER_REAL) {
    real.it_interval = longer_tv(t->it_interval);
    real.it_value = longer_tv(t->it_value);
  }
  return next(which, &real, old);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *t, struct itimerspec *old) {
  NEXT(timerfd_settime);
  struct itimerspec real = {.it_interval = longer(t->it_interval)};
  if (ns_of(t->it_value))
    real.it_value = flags & TFD_TIMER_ABSTIME ? deadline(clock_of(&t->it_value), t->it_value)
                                              : longer(t->it_value);
  return next(fd, flags, &real, old);
}

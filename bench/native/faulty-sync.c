/*
 * Preloaded into a member: the syncs of its data hang, or one of them fails.
 *
 * What counts as a sync: a write to a descriptor opened with O_DSYNC (log and superblock), and fsync and fdatasync of a
 * file in a folder `ledger-N` (LevelDB).
 *
 * No sync ends as long as there is a file with the name that TRANCA_HANG_SYNC gives.
 *
 * One sync fails with EIO, as a disk's does that has lost a write. The file named by TRANCA_FAIL_SYNC holds a number k;
 * it is taken and removed when the next sync comes, and the k-th from then on fails. The write itself does not happen
 * then, or may have happened: who is told EIO cannot know. TRANCA_FAIL_SYNC.said gets a line `failed PATH`, and
 * `again PATH` for each later sync of that file by the same process: a failed sync must never be tried again, for the
 * next one may say yes to what is lost (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long left;
static char failed[4096];

static void say(const char *control, const char *word, const char *path) {
  char name[4200];
  snprintf(name, sizeof name, "%s.said", control);
  FILE *said = fopen(name, "a");
  if (said == NULL) return;
  fprintf(said, "%s %s\n", word, path);
  fclose(said);
}

static int is_sync(int fd, int is_write, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (!is_write) return strstr(path, "/ledger-") != NULL;
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_DSYNC) != 0;
}

static void wait_while_hung(void) {
  const char *control = getenv("TRANCA_HANG_SYNC");
  const struct timespec pause = {0, 1000000};
  while (control != NULL && access(control, F_OK) == 0) nanosleep(&pause, NULL);
}

static int must_fail(const char *path) {
  const char *control = getenv("TRANCA_FAIL_SYNC");
  if (control == NULL) return 0;
  pthread_mutex_lock(&lock);
  int fails = 0;
  if (failed[0] != 0) {
    if (strcmp(failed, path) == 0) say(control, "again", path);
  } else {
    FILE *file = left == 0 ? fopen(control, "r") : NULL;
    if (file != NULL) {
      if (fscanf(file, "%ld", &left) != 1) left = 0;
      fclose(file);
      unlink(control);
    }
    if (left > 0 && --left == 0) {
      fails = 1;
      snprintf(failed, sizeof failed, "%s", path);
      say(control, "failed", path);
    }
  }
  pthread_mutex_unlock(&lock);
  return fails;
}

/* What comes before a sync. 0: it may be done. */
static int before(int fd, int is_write) {
  char path[4096];
  if (!is_sync(fd, is_write, path, sizeof path)) return 0;
  wait_while_hung();
  return must_fail(path);
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);

#define BEFORE(fd, is_write) \
  if (before(fd, is_write)) { \
    errno = EIO; \
    return -1; \
  }

int fsync(int fd) {
  REAL(int, fsync, int)
  BEFORE(fd, 0)
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int)
  BEFORE(fd, 0)
  return real(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
  BEFORE(fd, 1)
  return real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)
  BEFORE(fd, 1)
  return real(fd, bytes, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
  BEFORE(fd, 1)
  return real(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  REAL(ssize_t, pwritev64, int, const struct iovec *, int, off64_t)
  BEFORE(fd, 1)
  return real(fd, parts, count, at);
}

/* Preloaded into a node: keeps a journal of what each write to a file replaced, until the write was synced, so that
 * after the process has died the test takes back every write that a loss of power could take back
 * (test/crash/unsynced_writes.hpp). A killed process alone keeps its page cache, and a missing fsync would pass.
 *
 * Seen: write, writev, pwrite, pwritev, ftruncate and truncate on regular files under GRID_SHIM_WATCH; fsync and
 * fdatasync make durable what was written to the file before, O_DSYNC a write itself. Not seen: names (creation,
 * rename), and memory that is mapped for writing, which is refused (LMDB maps its file so only with MDB_WRITEMAP).
 *
 * GRID_SHIM_JOURNAL  the journal's file
 * GRID_SHIM_LIE      set: syncs do nothing, as if the program had none
 * GRID_SHIM_FULL     while this file exists, the disk is full: what makes a file longer is refused (the first long
 *                    write is cut short, as the last free blocks would), and what is there may be written over */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kWrite = 1, kSynced = 2, kDurable = 3 };

/* As test/crash/unsynced_writes.cpp reads it; the path and the replaced bytes follow. */
struct record {
    uint64_t kind, inode, sequence, offset, length, old_size, old_length, path_length;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static const char* watch;
static const char* full;
static int lie;
static int cut; /* the full disk has had its last bytes */
static uint64_t sequence;

static void fatal(const char* what) {
    fprintf(stderr, "unsynced shim: %s\n", what);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char* path = getenv("GRID_SHIM_JOURNAL");
    watch = getenv("GRID_SHIM_WATCH");
    full = getenv("GRID_SHIM_FULL");
    lie = getenv("GRID_SHIM_LIE") != NULL;
    if (path == NULL || watch == NULL) return;
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) fatal("the journal cannot be opened");
}

/* The path of a watched regular file; 0: it is none. */
static int watched(int file, struct stat* attributes, char* path, size_t size) {
    char link[64];
    ssize_t length;
    if (journal < 0 || fstat(file, attributes) != 0 || !S_ISREG(attributes->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, size - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strncmp(path, watch, strlen(watch)) == 0;
}

static void put(const struct record* record, const char* path, const void* old) {
    struct iovec parts[3] = {{(void*)record, sizeof *record},
                             {(void*)path, record->path_length},
                             {(void*)old, record->old_length}};
    const size_t size = sizeof *record + record->path_length + record->old_length;
    if (syscall(SYS_writev, journal, parts, 3) != (long)size) fatal("the journal cannot be written");
}

/* Journals what the bytes from offset on were. Needs the mutex. */
static uint64_t replaced(int file, const struct stat* attributes, const char* path, uint64_t offset, uint64_t length) {
    struct record record = {kWrite, attributes->st_ino, ++sequence, offset, length, (uint64_t)attributes->st_size, 0,
                            strlen(path)};
    char link[64];
    char* old = NULL;
    const uint64_t size = record.old_size;
    if (offset < size) {
        const uint64_t there = size - offset < length ? size - offset : length;
        int reader;
        ssize_t got;
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        reader = open(link, O_RDONLY | O_CLOEXEC);
        old = malloc(there);
        if (reader < 0 || old == NULL) fatal("what a write replaces cannot be read");
        got = pread(reader, old, there, (off_t)offset);
        if (got < 0) fatal("what a write replaces cannot be read");
        record.old_length = (uint64_t)got;
        close(reader);
    }
    put(&record, path, old);
    free(old);
    return record.sequence;
}

static void durable(const struct stat* attributes, uint64_t of) {
    struct record record = {kDurable, attributes->st_ino, of, 0, 0, 0, 0, 0};
    put(&record, "", NULL);
}

static uint64_t total(const struct iovec* parts, int count) {
    uint64_t size = 0;
    for (int i = 0; i < count; ++i) size += parts[i].iov_len;
    return size;
}

/* offset < 0: at the file's own place. */
static ssize_t write_parts(int file, const struct iovec* parts, int count, off_t offset) {
    struct stat attributes;
    char path[4096];
    struct iovec half;
    ssize_t written;
    const int flags = fcntl(file, F_GETFL);
    if (!watched(file, &attributes, path, sizeof path))
        return offset < 0 ? syscall(SYS_writev, file, parts, count)
                          : syscall(SYS_pwritev, file, parts, count, (long)offset, 0L);
    pthread_mutex_lock(&mutex);
    fstat(file, &attributes);
    if (full != NULL && access(full, F_OK) == 0) {
        const off_t from = offset >= 0 ? offset : lseek(file, 0, SEEK_CUR);
        if (from + (off_t)total(parts, count) > attributes.st_size) {
            if (cut || parts[0].iov_len < 8192) {
                pthread_mutex_unlock(&mutex);
                errno = ENOSPC;
                return -1;
            }
            cut = 1;
            half.iov_base = parts[0].iov_base;
            half.iov_len = 4096;
            parts = &half;
            count = 1;
        }
    } else {
        cut = 0;
    }
    {
        const off_t place = offset >= 0                 ? offset
                            : (flags & O_APPEND) != 0 ? attributes.st_size
                                                      : lseek(file, 0, SEEK_CUR);
        const uint64_t of = replaced(file, &attributes, path, (uint64_t)place, total(parts, count));
        written = offset < 0 ? syscall(SYS_writev, file, parts, count)
                             : syscall(SYS_pwritev, file, parts, count, (long)offset, 0L);
        if (written >= 0 && (flags & O_DSYNC) != 0 && !lie) durable(&attributes, of);
    }
    pthread_mutex_unlock(&mutex);
    return written;
}

ssize_t write(int file, const void* bytes, size_t size) {
    const struct iovec part = {(void*)bytes, size};
    return write_parts(file, &part, 1, -1);
}

ssize_t writev(int file, const struct iovec* parts, int count) {
    return write_parts(file, parts, count, -1);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
    const struct iovec part = {(void*)bytes, size};
    return write_parts(file, &part, 1, offset);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) {
    return pwrite(file, bytes, size, offset);
}

ssize_t pwritev(int file, const struct iovec* parts, int count, off_t offset) {
    return write_parts(file, parts, count, offset);
}

ssize_t pwritev64(int file, const struct iovec* parts, int count, off_t offset) {
    return write_parts(file, parts, count, offset);
}

int ftruncate(int file, off_t size) {
    struct stat attributes;
    char path[4096];
    int done;
    if (!watched(file, &attributes, path, sizeof path)) return (int)syscall(SYS_ftruncate, file, size);
    pthread_mutex_lock(&mutex);
    fstat(file, &attributes);
    if (size < attributes.st_size)
        replaced(file, &attributes, path, (uint64_t)size, (uint64_t)(attributes.st_size - size));
    else
        replaced(file, &attributes, path, (uint64_t)attributes.st_size, (uint64_t)(size - attributes.st_size));
    done = (int)syscall(SYS_ftruncate, file, size);
    pthread_mutex_unlock(&mutex);
    return done;
}

int ftruncate64(int file, off_t size) {
    return ftruncate(file, size);
}

int truncate(const char* path, off_t size) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    int done;
    if (file < 0) return -1;
    done = ftruncate(file, size);
    close(file);
    return done;
}

int truncate64(const char* path, off_t size) {
    return truncate(path, size);
}

static int sync_file(int file, long call) {
    struct stat attributes;
    char path[4096];
    struct record record = {kSynced, 0, 0, 0, 0, 0, 0, 0};
    long done;
    if (!watched(file, &attributes, path, sizeof path)) return (int)syscall(call, file);
    if (lie) return 0;
    pthread_mutex_lock(&mutex);
    record.inode = attributes.st_ino;
    record.sequence = sequence; /* writes are whole: they hold the mutex */
    pthread_mutex_unlock(&mutex);
    done = syscall(call, file);
    if (done != 0) return (int)done;
    pthread_mutex_lock(&mutex);
    put(&record, "", NULL);
    pthread_mutex_unlock(&mutex);
    return 0;
}

int fsync(int file) {
    return sync_file(file, SYS_fsync);
}

int fdatasync(int file) {
    return sync_file(file, SYS_fdatasync);
}

static void* map(void* at, size_t size, int protection, int flags, int file, off_t offset) {
    struct stat attributes;
    char path[4096];
    const int writes = (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0 && file >= 0;
    if (writes && watched(file, &attributes, path, sizeof path) && strstr(path, "/lock.mdb") == NULL)
        fatal("a file is mapped for writing: its unsynced writes cannot be seen");
    return (void*)syscall(SYS_mmap, at, size, protection, flags, file, offset);
}

void* mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
    return map(at, size, protection, flags, file, offset);
}

void* mmap64(void* at, size_t size, int protection, int flags, int file, off_t offset) {
    return map(at, size, protection, flags, file, offset);
}

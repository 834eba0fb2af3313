/* crash_writer FILE PLAN: writes to the file by the plan and dies by SIGKILL (test/crash/shim_test.cpp). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int count, char** words) {
    int plain, durable;
    char* line;
    if (count != 3) return 2;
    plain = open(words[1], O_RDWR);
    durable = open(words[1], O_WRONLY | O_DSYNC);
    if (plain < 0 || durable < 0) return 3;
    for (line = strtok(words[2], "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char text[64] = "";
        long number = 0;
        long size;
        sscanf(line + 1, " %ld %63s", &number, text);
        size = (long)strlen(text);
        if (line[0] == 'w' && pwrite(plain, text, (size_t)size, number) != size) return 4;
        if (line[0] == 'd' && pwrite(durable, text, (size_t)size, number) != size) return 4;
        if (line[0] == 'v') {
            struct iovec parts[2] = {{text, 1}, {text + 1, (size_t)size - 1}};
            if (lseek(plain, number, SEEK_SET) != number || writev(plain, parts, 2) != size) return 4;
        }
        if (line[0] == 's' && fdatasync(plain) != 0) return 4;
        if (line[0] == 'f' && fsync(plain) != 0) return 4;
        if (line[0] == 't' && ftruncate(plain, number) != 0) return 4;
    }
    kill(getpid(), SIGKILL);
    return 5;
}

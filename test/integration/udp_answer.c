// A name server that knows no name: answers each packet at UDP port 5353 with the packet itself, marked as "no such
// name" (RFC 1035, 4.1.1). Static, so that it runs in any container.
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

int main(void) {
    signal(SIGTERM, end);
    const int s = socket(AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(5353)};
    if (bind(s, (const struct sockaddr*)&any, sizeof any) != 0) return EXIT_FAILURE;
    for (;;) {
        unsigned char packet[512];
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        const ssize_t n = recvfrom(s, packet, sizeof packet, 0, (struct sockaddr*)&from, &size);
        if (n < 4) continue;
        packet[2] |= 0x80;
        packet[3] = 0x83;
        (void)!sendto(s, packet, (size_t)n, 0, (const struct sockaddr*)&from, size);
    }
}

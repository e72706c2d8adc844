/* The reference: what the kernel allows. Sends all bytes back, or on to everybody.
 *
 *   echo echo|broadcast
 *
 * It has no framing, no limits and no queues: a reader that is too slow stops it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, EVENTS = 256, CLIENTS_MAX = 1 << 16 };

static int clients[CLIENTS_MAX], clients_count;

static void send_all(int to, const char *at, ssize_t length) {
    while (length > 0) {
        ssize_t took = send(to, at, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (took < 0 && errno != EAGAIN) return;
        if (took < 0) poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
        else at += took, length -= took;
    }
}

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    bind(door, (struct sockaddr *)&address, sizeof address);
    if (listen(door, 1024) < 0) exit(1);
    getsockname(door, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return door;
}

static void watch(int epoll, int which) {
    epoll_ctl(epoll, EPOLL_CTL_ADD, which,
              &(struct epoll_event){.events = EPOLLIN, .data.fd = which});
}

static void admit(int epoll, int door) {
    int client = accept(door, NULL, NULL);
    if (client < 0 || clients_count == CLIENTS_MAX) exit(1);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    clients[clients_count++] = client;
    watch(epoll, client);
}

static void serve(int client, bool is_broadcast) {
    static char buffer[READ_BYTES];
    ssize_t length = recv(client, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length == 0) close(client);
    if (length <= 0) return;
    if (!is_broadcast) send_all(client, buffer, length);
    for (int i = 0; is_broadcast && i < clients_count; i++) send_all(clients[i], buffer, length);
}

int main(int count, char **arguments) {
    bool is_broadcast = count > 1 && !strcmp(arguments[1], "broadcast");
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int epoll = epoll_create1(0), door = listen_anywhere();
    watch(epoll, door);
    for (struct epoll_event events[EVENTS];;)
        for (int i = 0, n = epoll_wait(epoll, events, EVENTS, -1); i < n; i++)
            if (events[i].data.fd == door) admit(epoll, door);
            else serve(events[i].data.fd, is_broadcast);
}

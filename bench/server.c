/* The mock server of the bench: answers of any number of deltas, ready made, from one thread with
 * epoll, so that what is measured is the client. The bench compiles it (bench/server.py):
 *
 *     cc -O2 -o server server.c && ./server      # prints its port; ends when stdin does
 *
 * What a request gets is said by its path, /KIND-DELTAS-MICROSECONDS-WAIT/v1/chat/completions:
 *
 *     text-3000-0-0    3000 deltas of text, all at once, each in an HTTP chunk of its own
 *     padded-3000-0-0  the same, each chunk with `obfuscation`, as OpenAI sends it
 *     numbered-3000-0-0  the same, each chunk with an id, a time and a number of its own
 *     tools-3000-0-0   the arguments of a tool call in 3000 fragments
 *     text-20-50000-0  the head and the first delta at once, then one delta every 50 ms
 *     text-50-0-1000000  50 deltas at once, a second after the request
 *     text-50--1-0     the head and the first delta at once, then the next ones at the common pace:
 *                      GET /pace/MICROSECONDS gives each such stream a delta in that time, one
 *                      stream after the other; 0, as it is at first, gives none
 *
 * GET /stats says how many connections, requests and bytes of bodies there were. Bodies are read
 * and dropped, with Content-Length or chunked.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 8192, READ_MAX = 1 << 20, EVENTS = 512 };

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void *need(void *memory) {
    if (memory == NULL) die("memory");
    return memory;
}

/* ---- Answers: made once for each path and kept. ---- */

typedef struct answer {
    char key[64];
    char *bytes;
    size_t size, room;
    size_t *ends; /* of the pieces: the head with the first delta, one delta each, the end */
    int pieces;
    long interval_us, wait_us;
    struct answer *next;
} answer;

static answer *answers;

static void add(answer *a, const char *data, size_t size) {
    while (a->size + size > a->room) {
        a->room = a->room ? a->room * 2 : 65536;
        a->bytes = need(realloc(a->bytes, a->room));
    }
    memcpy(a->bytes + a->size, data, size);
    a->size += size;
}

#define CHUNK_HEAD                                                                              \
    "data: {\"id\":\"chatcmpl-CKf6tq2Y8iNn5gBnE0sWb1rVdJm3x\",\"object\":"                      \
    "\"chat.completion.chunk\",\"created\":1795000000,\"model\":\"bench-2026-11-01\","           \
    "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_50cad350e4\","
#define CHOICE_HEAD CHUNK_HEAD "\"choices\":[{\"index\":0,\"delta\":"
#define CHOICE_TAIL ",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null"

/* One event in an HTTP chunk of its own, as real servers send them. */
static void event(answer *a, const char *format, ...) {
    char text[2048], head[16];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    add(a, head, (size_t)snprintf(head, sizeof head, "%x\r\n", (unsigned)size));
    add(a, text, (size_t)size);
    add(a, "\r\n", 2);
}

/* What a tokenizer gives: mostly short words, now and then an escape or two bytes of UTF-8. */
static const char *const WORDS[] = {
    " the",  " wire",   " is",    " thin",   ",",       " and",   " answers", " arrive",
    " in",   " pieces", " of",    " a",      " few",    " bytes", ".",        "\\n\\n",
    " It",   " takes",  " what",  " comes",  " as",     " it",    " comes",   ":",
    " no",   " buffer", " grows", " while",  " caf\xc3\xa9", " waits", " \\\"so\\\"", " far",
};
enum { WORD_COUNT = sizeof WORDS / sizeof *WORDS };
static const char PADDING[] = "fT3qZ8mKx1WvB6";

static void text_delta(answer *a, int i, int padded) {
    const char *word = WORDS[i % WORD_COUNT];
    char extra[64] = "";
    if (padded)
        snprintf(extra, sizeof extra, ",\"obfuscation\":\"%s\"", PADDING + strlen(word));
    event(a, CHOICE_HEAD "{\"content\":\"%s\"}" CHOICE_TAIL "%s}\n\n", word, extra);
}

static void numbered_delta(answer *a, int i) {
    event(a,
          "data: {\"id\":\"chatcmpl-CKf6tq2Y8iNn5gBnE0sWb1rV%05d\",\"object\":"
          "\"chat.completion.chunk\",\"created\":%d,\"model\":\"bench-2026-11-01\","
          "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_50cad350e4\","
          "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}" CHOICE_TAIL
          ",\"sequence_number\":%d}\n\n",
          i, 1795000000 + i / 50, WORDS[i % WORD_COUNT], i);
}

static void tool_delta(answer *a, int i, int deltas) {
    const char *part = i == 0 ? "{\\\"text\\\": \\\"" : WORDS[i % WORD_COUNT];
    if (i > 0 && strchr(part, '\\')) part = "\\\\n"; /* escaped once more, inside of a string */
    if (i == deltas - 1) part = "\\\"}";
    event(a,
          CHOICE_HEAD "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"%s\"}}]}"
                      CHOICE_TAIL "}\n\n",
          part);
}

static answer *make(const char *key) {
    char kind[16];
    int deltas;
    long interval, wait;
    if (sscanf(key, "%15[a-z]-%d-%ld-%ld", kind, &deltas, &interval, &wait) != 4 || deltas < 2)
        return NULL;
    int tools = !strcmp(kind, "tools"), padded = !strcmp(kind, "padded");
    int numbered = !strcmp(kind, "numbered");
    if (!tools && !padded && !numbered && strcmp(kind, "text")) return NULL;
    answer *a = need(calloc(1, sizeof *a));
    snprintf(a->key, sizeof a->key, "%s", key);
    a->interval_us = interval;
    a->wait_us = wait;
    a->ends = need(calloc((size_t)deltas + 1, sizeof *a->ends));
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8"
                               "\r\nx-request-id: req_50cad350e4\r\nTransfer-Encoding: chunked\r\n\r\n";
    add(a, head, sizeof head - 1);
    if (tools)
        event(a, CHOICE_HEAD
              "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":"
              "\"call_9fA2bC4dE\",\"type\":\"function\",\"function\":{\"name\":\"write\","
              "\"arguments\":\"\"}}]}" CHOICE_TAIL "}\n\n");
    else
        event(a, CHOICE_HEAD "{\"role\":\"assistant\",\"content\":\"\"}" CHOICE_TAIL "}\n\n");
    for (int i = 0; i < deltas; i++) {
        if (tools)
            tool_delta(a, i, deltas);
        else if (numbered)
            numbered_delta(a, i);
        else
            text_delta(a, i, padded);
        a->ends[a->pieces++] = a->size;
    }
    event(a, CHOICE_HEAD "{},\"logprobs\":null,\"finish_reason\":\"%s\"}],\"usage\":null}\n\n",
          tools ? "tool_calls" : "stop");
    event(a, CHUNK_HEAD "\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d,"
                        "\"total_tokens\":%d}}\n\n", deltas, deltas + 9);
    event(a, "data: [DONE]\n\n");
    add(a, "0\r\n\r\n", 5);
    a->ends[a->pieces++] = a->size;
    a->next = answers;
    return answers = a;
}

static answer *find(const char *key) {
    for (answer *a = answers; a; a = a->next)
        if (!strcmp(a->key, key)) return a;
    return make(key);
}

/* ---- Connections. ---- */

enum state { HEAD, LENGTH, SIZE, EXTENSION, DATA, DATA_END, TRAILER, ANSWERING };

typedef struct conn {
    int fd, next, writing, own; /* own: the answer is of this request alone */
    int paced;                  /* its place in `paced`, counted from 1; 0: none */
    enum state state;
    size_t have, left, line; /* of the head; of the body or HTTP chunk; of a trailer's line */
    answer *answer;
    size_t sent, allowed;
    int64_t due_us; /* of the next piece; 0: none */
    struct conn *next_due, **back_due;
    char head[HEAD_MAX];
} conn;

static int epoll_fd, timer_fd;
static conn *due_list;
/* Who gets a delta at the common pace, one after the other. */
static conn **paced;
static int paced_count, paced_room, paced_at;
static double pace_us, paced_due_us;
static unsigned long long connections, requests, body_bytes;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void wait_until(conn *c, int64_t due) {
    c->due_us = due;
    c->next_due = due_list;
    c->back_due = &due_list;
    if (due_list) due_list->back_due = &c->next_due;
    due_list = c;
}

static void no_wait(conn *c) {
    if (!c->due_us || !c->back_due) return;
    *c->back_due = c->next_due;
    if (c->next_due) c->next_due->back_due = c->back_due;
    c->due_us = 0;
    c->back_due = NULL;
}

static void pace(conn *c) {
    if (paced_count == paced_room) {
        paced_room = paced_room ? paced_room * 2 : 1024;
        paced = need(realloc(paced, (size_t)paced_room * sizeof *paced));
    }
    paced[paced_count++] = c;
    c->paced = paced_count;
}

static void pace_no_more(conn *c) {
    if (!c->paced) return;
    conn *last = paced[--paced_count];
    paced[c->paced - 1] = last;
    last->paced = c->paced;
    c->paced = 0;
}

static void forget_answer(conn *c) {
    pace_no_more(c);
    if (c->answer && c->own) {
        free(c->answer->bytes);
        free(c->answer->ends);
        free(c->answer);
    }
    c->answer = NULL;
}

static void end(conn *c) {
    no_wait(c);
    forget_answer(c);
    close(c->fd);
    free(c);
}

static void watch(conn *c, int writing) {
    if (c->writing == writing) return;
    c->writing = writing;
    struct epoll_event e = {EPOLLIN | (writing ? EPOLLOUT : 0), {.ptr = c}};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* Sends what may be sent. -1 where the connection is gone. */
static int push(conn *c) {
    while (c->sent < c->allowed) {
        ssize_t n = send(c->fd, c->answer->bytes + c->sent, c->allowed - c->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            watch(c, 1);
            return 0;
        }
        if (n < 0) return -1;
        c->sent += (size_t)n;
    }
    watch(c, 0);
    if (c->sent == c->answer->size) {
        forget_answer(c);
        c->state = HEAD;
        c->have = 0;
    }
    return 0;
}

/* Sends the pieces that are due by now, and waits for the next. */
static int next_pieces(conn *c, int64_t now) {
    answer *a = c->answer;
    int64_t due = c->due_us;
    while (due <= now && c->next < a->pieces) {
        c->allowed = a->ends[c->next++];
        due += a->interval_us;
    }
    no_wait(c);
    if (c->next < a->pieces) wait_until(c, due);
    return push(c);
}

static int begin(conn *c) {
    answer *a = c->answer;
    requests++;
    c->state = ANSWERING;
    c->next = 0;
    c->sent = 0;
    c->allowed = 0;
    if (a->pieces && a->interval_us < 0) {
        c->allowed = a->ends[c->next++];
        pace(c);
        return push(c);
    }
    if (a->pieces && (a->interval_us || a->wait_us)) {
        c->due_us = now_us() + a->wait_us;
        return next_pieces(c, now_us());
    }
    c->allowed = a->size;
    return push(c);
}

static answer *plain(const char *status, const char *body) {
    answer *a = need(calloc(1, sizeof *a));
    char text[512];
    int size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s", status, strlen(body), body);
    add(a, text, (size_t)size);
    return a;
}

/* The head is complete: which answer, and how the body comes. */
static void understand(conn *c) {
    char path[128] = "", key[64] = "", stats[200];
    sscanf(c->head, "%*s %127s", path);
    c->own = 0;
    if (!strncmp(path, "/pace/", 6)) {
        pace_us = strtod(path + 6, NULL);
        paced_due_us = (double)now_us();
        c->answer = plain("200 OK", "{}");
        c->own = 1;
    } else if (!strcmp(path, "/stats")) {
        snprintf(stats, sizeof stats, "{\"connections\":%llu,\"requests\":%llu,\"body_bytes\":%llu}",
                 connections, requests, body_bytes);
        c->answer = plain("200 OK", stats);
        c->own = 1;
    } else {
        sscanf(path, "/%63[^/]", key);
        c->answer = find(key);
        if (!c->answer) {
            c->answer = plain("404 Not Found", "{\"error\":{\"message\":\"no such answer\"}}");
            c->own = 1;
        }
    }
    c->left = 0;
    c->state = LENGTH;
    for (char *line = strstr(c->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (!strncasecmp(line + 2, "content-length:", 15)) c->left = strtoull(line + 17, NULL, 10);
        if (!strncasecmp(line + 2, "transfer-encoding: chunked", 26)) c->state = SIZE;
    }
}

/* How many of the bytes are of this request; its state is ANSWERING once it is complete. */
static size_t take_body(conn *c, const char *data, size_t size) {
    size_t i = 0;
    for (;;) {
        if (c->state == LENGTH || c->state == DATA) {
            size_t some = size - i < c->left ? size - i : c->left;
            i += some;
            c->left -= some;
            body_bytes += some;
            if (c->left) return i;
            if (c->state == LENGTH) {
                c->state = ANSWERING;
                return i;
            }
            c->state = DATA_END;
        }
        if (i == size) return i;
        char b = data[i++];
        switch (c->state) {
        case SIZE:
            if (b >= '0' && b <= '9') c->left = c->left * 16 + (size_t)(b - '0');
            else if ((b | 32) >= 'a' && (b | 32) <= 'f') c->left = c->left * 16 + (size_t)((b | 32) - 'a' + 10);
            else c->state = EXTENSION;
            break;
        case EXTENSION:
            if (b == '\n') {
                c->state = c->left ? DATA : TRAILER;
                c->line = 0;
            }
            break;
        case DATA_END:
            if (b == '\n') c->state = SIZE;
            break;
        default: /* TRAILER: lines until an empty one */
            if (b == '\n' && c->line == 0) {
                c->state = ANSWERING;
                return i;
            }
            c->line = b == '\n' ? 0 : c->line + (b != '\r');
        }
    }
}

/* Takes what has arrived. -1 where the connection is to be ended. */
static int take(conn *c, const char *data, size_t size) {
    while (size > 0) {
        if (c->state == ANSWERING) return -1; /* nobody here sends two requests at a time */
        if (c->state == HEAD) {
            size_t some = size < HEAD_MAX - 1 - c->have ? size : HEAD_MAX - 1 - c->have;
            size_t before = c->have;
            memcpy(c->head + before, data, some);
            c->have += some;
            c->head[c->have] = 0;
            char *stop = strstr(c->head, "\r\n\r\n");
            if (!stop) return c->have < HEAD_MAX - 1 ? 0 : -1;
            size_t used = (size_t)(stop + 4 - c->head) - before;
            stop[2] = 0;
            data += used;
            size -= used;
            understand(c);
        }
        size_t used = take_body(c, data, size);
        data += used;
        size -= used;
        if (c->state == ANSWERING && begin(c) < 0) return -1;
    }
    return 0;
}

static void welcome(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
        if (fd < 0) return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        conn *c = need(malloc(sizeof *c));
        memset(c, 0, offsetof(conn, head));
        c->fd = fd;
        connections++;
        struct epoll_event e = {EPOLLIN, {.ptr = c}};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
    }
}

static void serve(conn *c, uint32_t what) {
    static char buffer[READ_MAX];
    if ((what & EPOLLOUT) && c->answer && push(c) < 0) {
        end(c);
        return;
    }
    if (!(what & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0 || take(c, buffer, (size_t)n) < 0) end(c);
}

/* Sends what is due at the common pace; returns when to look again. */
static int64_t keep_pace(int64_t now) {
    while (pace_us > 0 && paced_count > 0 && paced_due_us <= (double)now) {
        conn *c = paced[paced_at++ % paced_count];
        paced_due_us += pace_us / paced_count;
        if (c->next == c->answer->pieces) {
            pace_no_more(c);
        } else {
            c->allowed = c->answer->ends[c->next++];
            if (push(c) < 0) end(c);
        }
        if (paced_count > 0) paced_at %= paced_count;
    }
    /* Not for each of ten thousand: a millisecond's worth at a time. */
    return pace_us > 0 && paced_count > 0 ? now + 1000 : INT64_MAX;
}

static void tick(void) {
    int64_t now = now_us(), soonest = keep_pace(now);
    for (conn *c = due_list, *next; c; c = next) {
        next = c->next_due;
        if (c->due_us <= now && next_pieces(c, now) < 0) {
            end(c);
            continue;
        }
    }
    for (conn *c = due_list; c; c = c->next_due)
        if (c->due_us < soonest) soonest = c->due_us;
    struct itimerspec at = {{0, 0}, {0, 0}};
    if (soonest != INT64_MAX) {
        at.it_value.tv_sec = soonest / 1000000;
        at.it_value.tv_nsec = soonest % 1000000 * 1000 + 1;
    }
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void listen_for(int fd, void *mark) {
    struct epoll_event e = {EPOLLIN, {.ptr = mark}};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

int main(void) {
    static int listener_mark, timer_mark, stdin_mark;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, size) < 0 || listen(listener, 65535) < 0) die("listen");
    getsockname(listener, (struct sockaddr *)&at, &size);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    listen_for(listener, &listener_mark);
    listen_for(timer_fd, &timer_mark);
    listen_for(0, &stdin_mark);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event found[EVENTS];
        int count = epoll_wait(epoll_fd, found, EVENTS, -1);
        int stop = 0;
        for (int i = 0; i < count; i++) {
            void *mark = found[i].data.ptr;
            if (mark == &listener_mark) welcome(listener);
            else if (mark == &stdin_mark) stop = 1;
            else if (mark == &timer_mark) {
                uint64_t expired;
                if (read(timer_fd, &expired, sizeof expired) < 0) continue;
            } else serve(mark, found[i].events);
        }
        if (stop) return 0;
        tick();
    }
}

#include "bundles/digest_thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "base/memory.h"

/* `bytes` and `digest` belong to the thread between `work` and `idle`, to the caller otherwise. */
struct DigestThread {
    pthread_t thread;
    bool runs; /* else the caller computes */
    sem_t work;
    sem_t idle;
    const void *bytes; /* NULL: end */
    size_t size;
    DigestStream digest;
};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

static void *run(void *context)
{
    DigestThread *thread = context;
    for (;;) {
        wait_for(&thread->work);
        if (!thread->bytes)
            return NULL;
        digest_update(&thread->digest, thread->bytes, thread->size);
        sem_post(&thread->idle);
    }
}

/* Signals stay with the thread that knows what to do about them. */
static bool start(DigestThread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread->thread, /* attr= */ NULL, run, thread) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

DigestThread *digest_thread_new(DigestPlace place)
{
    DigestThread *thread = memory_new(DigestThread);
    digest_begin(&thread->digest);
    sem_init(&thread->work, /* pshared= */ 0, 0);
    sem_init(&thread->idle, /* pshared= */ 0, 1);
    thread->runs = place == DIGEST_BESIDE && start(thread);
    return thread;
}

void digest_thread_update(DigestThread *thread, const void *bytes, size_t size)
{
    if (!thread->runs) {
        digest_update(&thread->digest, bytes, size);
        return;
    }
    wait_for(&thread->idle);
    thread->bytes = bytes;
    thread->size = size;
    sem_post(&thread->work);
}

Digest digest_thread_end(DigestThread *thread)
{
    if (thread->runs) {
        wait_for(&thread->idle);
        sem_post(&thread->idle);
    }
    return digest_end(&thread->digest);
}

void digest_thread_free(DigestThread *thread)
{
    if (!thread)
        return;
    if (thread->runs) {
        wait_for(&thread->idle);
        thread->bytes = NULL;
        sem_post(&thread->work);
        pthread_join(thread->thread, NULL);
    }
    sem_destroy(&thread->work);
    sem_destroy(&thread->idle);
    free(thread);
}

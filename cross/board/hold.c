/* Holds one thread of a process, as if it waited for ever, until this program ends: hold THREAD */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words)
{
    pid_t thread = count == 2 ? atoi(words[1]) : 0;
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) || ptrace(PTRACE_INTERRUPT, thread, 0, 0)) {
        perror("hold");
        return 1;
    }
    /* It stops, and later ends with its process. */
    for (int status = 0; waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status);)
        ;
    return 0;
}

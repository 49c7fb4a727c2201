"""What the packet path may not reach, by symbol."""

import re

_SYSTEM_CALLS = """
    accept accept4 alarm bind brk chdir chmod chown clock_nanosleep clone close closedir connect creat
    dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd_read
    eventfd_write execl execlp execv execve execvp fallocate fchmod fchown fcntl fcntl64 fdatasync
    fork fstat fstat64 fsync ftruncate ftruncate64 getdents64 getpeername getrandom getrusage
    getsockname getsockopt gettid inotify_add_watch inotify_init ioctl kill lchown link listen lseek
    lseek64 lstat madvise mkdir mlock mlockall mmap mmap64 mprotect mremap msync munlock munmap
    nanosleep open open64 openat openat64 opendir pause pipe pipe2 poll posix_spawn ppoll prctl pread
    pread64 preadv process_vm_readv pselect ptrace pwrite pwrite64 pwritev raise read readdir readlink
    readv recv recvfrom recvmmsg recvmsg rename rmdir sbrk sched_getaffinity sched_setaffinity
    sched_yield select send sendfile sendmmsg sendmsg sendto setitimer setsockopt shutdown sigaction
    sigprocmask sigtimedwait sigwait sleep socket socketpair splice stat stat64 symlink sync syscall
    sysconf tgkill timer_create timer_settime timerfd_create timerfd_settime truncate umask uname
    unlink usleep vfork wait wait4 waitid waitpid write writev
    fclose fflush fgets fopen fopen64 fprintf fputc fputs fread fscanf fwrite getline perror printf
    putc putchar puts scanf syslog vfprintf vprintf vsyslog __fprintf_chk __printf_chk
    __vfprintf_chk __syslog_chk
    rte_delay_us_sleep rte_log rte_vlog rte_log_dump rte_thread_yield
""".split()

# Name of the rule, expression on the symbol as linked. The first that matches names the finding.
_SYMBOLS = [
    (rule, re.compile(expression))
    for rule, expression in (
        ("lock", r"^swift_once$|^swift_once_|^pthread_(mutex|rwlock|spin|cond|barrier|once|join|create)"
         r"|^sem_(wait|timedwait|post|trywait)|^(mtx|cnd)_|^futex|^__cxa_guard_|^call_once$"
         r"|^dispatch_|^_dispatch_|^swift_task_|^swift_job_|^os_unfair_lock|^__lll_"),
        ("exclusivity check", r"^_?swift_(begin|end)Access"),
        ("throw", r"^_?swift_(willThrow|error|allocError|deallocError|unexpectedError|getErrorValue)"
         r"|^__cxa_(throw|rethrow|allocate_exception|begin_catch)|^_Unwind_"),
        ("existential box", r"^_{0,3}swift_.*([eE]xistential|_boxed_|BoxedOpaque)"),
        ("allocation", r"^_?swift_(alloc|slowAlloc|slowDealloc|dealloc|box|makeBoxUnique"
         r"|projectBox|initStackObject|initStaticObject|coroFrame|task_alloc)"
         r"|^_?swift_coro_(alloc|dealloc)"
         r"|^(malloc|calloc|realloc|reallocarray|free|cfree|posix_memalign|aligned_alloc|memalign"
         r"|valloc|pvalloc|malloc_usable_size|strdup|strndup|asprintf|vasprintf)$"
         r"|^_Zn[wa]|^_Zd[la]"
         r"|^rte_(malloc|zmalloc|calloc|realloc|free|memzone_|ring_create|ring_free|ring_init)"
         r"|^rte_(mempool_create|mempool_free|mempool_populate|pktmbuf_pool_create)"
         r"|^rte_hash_(create|free)"),
        ("reference counting", r"^_?swift_(retain|release|tryRetain|strongRetain|strongRelease"
         r"|bridgeObject|unknownObject|weak|unowned|nonatomic_|isUniquely|isEscapingClosure"
         r"|setDeallocating|isDeallocating|refCount|cvw_|arrayDestroy|arrayInit|arrayAssign"
         r"|beginUnpairedAccess)|^objc_(retain|release|autorelease)"),
        ("dynamic cast", r"^_?swift_(dynamicCast|.*Cast$|conformsToProtocol|compareProtocol)"),
        ("run-time metadata", r"^_{0,2}swift_(getTypeBy|getGeneric|getCanonical|getWitnessTable"
         r"|getAssociated|getForeign|getSingleton|getTuple|getFunctionType|getMetatype|getOpaque"
         r"|getFixedArray|getObjectType|getDynamicType|getObjCClass|getExtended|checkMetadataState"
         r"|instantiate|init(Class|Struct|Enum|Raw).*|updateClassMetadata|relocateClass"
         r"|lookUpClassMethod|getEnumCase|storeEnumTag|getMultiPayload|register|allocateGeneric)"
         r"|^\$s.*(Ma|Mr|Mi|Wl|WL|MD)(\.\w+)*$"),
        ("stack protector", r"^__stack_chk_fail"),
        ("system call", "^(?:" + "|".join(map(re.escape, _SYSTEM_CALLS)) + ")$"),
    )
]

# On the demangled name, for what the compiler makes under names of many shapes.
_DEMANGLED = [
    ("run-time metadata",
     re.compile(r"^(type metadata (accessor|completion|instantiation)"
                r"|lazy protocol witness table|generic type metadata|metadata instantiation)")),
]


def rule(symbol, demangled=None):
    """The rule that a symbol breaks, or None."""
    for name, expression in _SYMBOLS:
        if expression.search(symbol):
            return name
    if demangled:
        for name, expression in _DEMANGLED:
            if expression.search(demangled):
                return name
    return None

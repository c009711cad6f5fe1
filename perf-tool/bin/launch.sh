# Sourced by the launchers of the modules; not a program. Builds a module when its sources are newer than its last build,
# and runs one of its classes.
#
#   MILLRACE_NAME=millrace-perf
#   . launch.sh; millrace_launch ROOT MODULE "OTHER MODULES IT NEEDS" MAIN-CLASS "$@"
#
# Environment: JAVA_HOME chooses the JDK; JAVA_OPTS and MILLRACE_JVM_OPTS are flags for the JVM; MILLRACE_BUILD=never runs
# what is built, as it is.

millrace_fail() {
    echo "$MILLRACE_NAME: $*" >&2
    exit 1
}

# Sets java_bin and java_major. Asks the JDK's release file, since starting a JVM just for its version takes as long as
# many a command.
millrace_find_java() {
    if [ -n "${JAVA_HOME:-}" ]; then
        java_bin=$JAVA_HOME/bin/java
        [ -x "$java_bin" ] || millrace_fail "JAVA_HOME is $JAVA_HOME, but there is no bin/java in it"
    else
        java_bin=$(command -v java) || millrace_fail "no java found; install JDK 17 or newer, or set JAVA_HOME"
    fi
    java_real=$(readlink -f "$java_bin" 2>/dev/null || echo "$java_bin")
    java_release=$(dirname "$(dirname "$java_real")")/release
    java_version=
    if [ -r "$java_release" ]; then
        java_version=$(sed -n 's/^JAVA_VERSION="\([^"]*\)".*/\1/p' "$java_release")
    fi
    if [ -z "$java_version" ]; then
        java_version=$("$java_bin" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
    fi
    java_major=${java_version%%[!0-9]*}
    case $java_version in
        1.*) java_major=${java_version#1.}; java_major=${java_major%%[!0-9]*} ;;
    esac
    [ -n "$java_major" ] || millrace_fail "cannot tell the version of $java_bin; set JAVA_HOME to JDK 17 or newer"
    [ "$java_major" -ge 17 ] ||
        millrace_fail "needs Java 17 or newer, but $java_bin is $java_version; set JAVA_HOME to a newer one"
}

# Whether nothing that makes up the program is newer than the build. Folders count: a deleted file changes only them.
millrace_is_built() { # root module modules
    stamp=$1/$2/target/launch.classpath
    [ -s "$stamp" ] || return 1
    for built_module in $2 $3; do
        [ -d "$1/$built_module/target/classes" ] || return 1
    done
    newer=$(cd "$1" && for source_module in $2 $3; do
        find "$source_module/pom.xml" "$source_module/src/main" -newer "$stamp" 2>/dev/null
    done; find pom.xml -newer "$stamp")
    [ -z "$newer" ] || return 1
    # The repository may have been cleaned, or the checkout moved.
    old_ifs=$IFS
    IFS=:
    for entry in $(cat "$stamp"); do
        [ -e "$entry" ] || { IFS=$old_ifs; return 1; }
    done
    IFS=$old_ifs
}

millrace_build() { # root module
    command -v mvn >/dev/null 2>&1 ||
        millrace_fail "is not built yet and there is no mvn to build it with; install Maven 3.8 or newer"
    java_home_of_build=$(dirname "$(dirname "$java_real")")
    [ -x "$java_home_of_build/bin/javac" ] ||
        millrace_fail "is not built yet and $java_home_of_build is no JDK (it has no javac); set JAVA_HOME to one"
    echo "$MILLRACE_NAME: building it first (mvn package; the first time Maven also downloads what it needs)" >&2
    mkdir -p "$1/$2/target"
    build_log=$1/$2/target/launch-build.log
    build_begin=$(mktemp) || millrace_fail "cannot write a temporary file"
    if (cd "$1" && JAVA_HOME=$java_home_of_build mvn -q -B -pl "$2" -am package \
            -Dmaven.test.skip=true -Dmaven.javadoc.skip=true -Dmaven.source.skip=true) >"$build_log" 2>&1 </dev/null; then
        # As old as the sources it was made of: what is changed while it builds is newer.
        touch -r "$build_begin" "$1/$2/target/launch.classpath"
        rm -f "$build_begin" "$build_log"
    else
        rm -f "$build_begin"
        cat "$build_log" >&2
        millrace_fail "the build failed; its output is above and in $build_log"
    fi
}

# Two that start at once build once. The lock ends with the process that holds it, where there is flock.
millrace_build_once() { # root module modules
    mkdir -p "$1/target"
    if command -v flock >/dev/null 2>&1; then
        (
            flock 9
            millrace_is_built "$1" "$2" "$3" || millrace_build "$1" "$2"
        ) 9>"$1/target/launch.lock" || exit 1
    else
        lock_folder=$1/target/launch.lock.d
        until mkdir "$lock_folder" 2>/dev/null; do
            lock_owner=$(cat "$lock_folder/pid" 2>/dev/null || :)
            if [ -n "$lock_owner" ] && ! kill -0 "$lock_owner" 2>/dev/null; then
                rm -rf "$lock_folder"
            else
                sleep 1
            fi
        done
        echo $$ >"$lock_folder/pid"
        trap 'rm -rf "$lock_folder"' EXIT
        millrace_is_built "$1" "$2" "$3" || millrace_build "$1" "$2"
        rm -rf "$lock_folder"
        trap - EXIT
    fi
}

millrace_launch() { # root module modules main-class arguments...
    launch_root=$1 launch_module=$2 launch_modules=$3 launch_main=$4
    shift 4
    millrace_find_java
    if [ "${MILLRACE_BUILD:-}" != never ]; then
        millrace_is_built "$launch_root" "$launch_module" "$launch_modules" ||
            millrace_build_once "$launch_root" "$launch_module" "$launch_modules"
    fi
    launch_folder=$launch_root/$launch_module/target
    [ -s "$launch_folder/launch.classpath" ] || millrace_fail "is not built; run mvn package in $launch_root"
    launch_classpath=$launch_folder/classes:$(cat "$launch_folder/launch.classpath")
    # The codecs' libraries load natives and use Unsafe, of which newer JDKs warn; the second flag is not known before 23.
    launch_flags="--enable-native-access=ALL-UNNAMED"
    if [ "$java_major" -ge 23 ]; then
        launch_flags="$launch_flags --sun-misc-unsafe-memory-access=allow"
    fi
    launch_terminal=false
    if [ -t 2 ]; then
        launch_terminal=true
    fi
    # shellcheck disable=SC2086 # flags are separated by blanks
    exec "$java_bin" $launch_flags -Dmillrace.terminal=$launch_terminal ${JAVA_OPTS:-} ${MILLRACE_JVM_OPTS:-} \
        -cp "$launch_classpath" "$launch_main" "$@"
}

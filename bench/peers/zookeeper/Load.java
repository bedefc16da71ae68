import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/**
 * Makes the load of one job on ZooKeeper with its own Java client: each client has a connection and a session of its
 * own and one request on its way at a time. The next request is sent by the callback of the last answer, so that no
 * client waits for a thread. Says {"ready":true}, then answers each line "run WARM_MS RECORD_MS" on stdin with one
 * line of JSON; ends with stdin.
 *
 * <pre>java Load ADDRESSES WORK CLIENTS</pre>
 */
public final class Load {
  private static final int SESSION_TIMEOUT_MS = 30_000;
  private static final byte[] EMPTY = {};

  private static volatile boolean isRecording;
  private static volatile boolean isStopping;
  private static CountDownLatch running;
  private static final Silence silence = new Silence();

  public static void main(String[] args) throws Exception {
    if (args.length != 3) throw new IllegalArgumentException("usage: Load ADDRESSES WORK CLIENTS");
    Client[] clients = open(args[0], args[1], Integer.parseInt(args[2]));
    say("{\"ready\":true}");
    Scanner lines = new Scanner(System.in);
    while (lines.hasNext()) {
      if (!lines.next().equals("run")) throw new IllegalArgumentException("expected run WARM_MS RECORD_MS");
      say(measure(clients, lines.nextInt(), lines.nextInt()));
    }
    System.exit(0);
  }

  private static Client[] open(String addresses, String work, int count) throws Exception {
    String root = "/" + work;
    HandOver handOver = new HandOver(count);
    Client[] clients = new Client[count];
    for (int number = 0; number < count; number++) {
      ZooKeeper keeper = connect(addresses);
      if (number == 0) createRoot(keeper, root);
      switch (work) {
        case "lock" -> clients[number] = new LockClient(keeper, root + "/" + number);
        case "writes" -> clients[number] = new WritingClient(keeper, root);
        case "sequence" -> clients[number] = new SequenceClient(keeper, root);
        case "hand-over" -> clients[number] = new HandOverClient(keeper, root, handOver);
        default -> throw new IllegalArgumentException(work + " is no work");
      }
    }
    return clients;
  }

  private static ZooKeeper connect(String addresses) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper keeper =
        new ZooKeeper(
            addresses,
            SESSION_TIMEOUT_MS,
            event -> {
              if (event.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
            });
    if (!connected.await(SESSION_TIMEOUT_MS, TimeUnit.MILLISECONDS)) throw new IllegalStateException("no connection");
    return keeper;
  }

  private static void createRoot(ZooKeeper keeper, String root) throws Exception {
    try {
      keeper.create(root, EMPTY, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    } catch (KeeperException.NodeExistsException error) {
      // From an earlier job.
    }
  }

  private static String measure(Client[] clients, int warmMs, int recordMs) throws Exception {
    isStopping = false;
    running = new CountDownLatch(clients.length);
    for (Client each : clients) {
      each.count = 0;
      each.begin();
    }
    Thread.sleep(warmMs);
    long began = System.nanoTime();
    double cpu = cpuSeconds();
    silence.begin();
    isRecording = true;
    Thread.sleep(recordMs);
    isRecording = false;
    silence.answered(); // A silence that is not over counts up to now.
    double silenceMs = silence.longestNs / 1e6;
    double elapsedMs = (System.nanoTime() - began) / 1e6;
    cpu = cpuSeconds() - cpu;
    isStopping = true;
    // Who writes to a frozen server may wait for it: nobody waits for them.
    boolean isAwaited = !(clients[0] instanceof WritingClient);
    if (isAwaited && !running.await(SESSION_TIMEOUT_MS, TimeUnit.MILLISECONDS)) throw new IllegalStateException("no answer");
    return report(clients, elapsedMs, cpu, silenceMs);
  }

  private static String report(Client[] clients, double elapsedMs, double cpu, double silenceMs) {
    long[] times = Arrays.stream(clients).flatMapToLong(each -> Arrays.stream(each.times, 0, each.count)).toArray();
    Arrays.sort(times);
    double mean = Arrays.stream(times).average().orElse(0) / 1e6;
    return String.format(
        Locale.ROOT,
        "{\"operations\":%d,\"elapsedMs\":%.3f,\"meanMs\":%.4f,\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"p999Ms\":%.4f,"
            + "\"maxMs\":%.4f,\"cpuSeconds\":%.3f,\"silenceMs\":%.3f}",
        times.length, elapsedMs, mean, at(times, 0.5), at(times, 0.99), at(times, 0.999), at(times, 1), cpu, silenceMs);
  }

  private static double at(long[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[(int) (share * (sorted.length - 1))] / 1e6;
  }

  private static double cpuSeconds() {
    var system = (com.sun.management.OperatingSystemMXBean)
        java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static void check(int code) {
    if (code == 0) return;
    System.err.println(KeeperException.create(KeeperException.Code.get(code)));
    System.exit(1);
  }

  /** One client. After begin() all its work is done by the thread of its callbacks. */
  private abstract static class Client {
    final ZooKeeper keeper;
    long[] times = new long[1 << 10];
    int count;

    Client(ZooKeeper keeper) {
      this.keeper = keeper;
    }

    /** Sends the first request of an operation. */
    abstract void begin();

    void record(long sinceNs) {
      if (!isRecording) return;
      if (count == times.length) times = Arrays.copyOf(times, count * 2);
      times[count++] = System.nanoTime() - sinceNs;
    }

    void next() {
      if (isStopping) running.countDown();
      else begin();
    }
  }

  /** A lock that is only tried: whoever creates the node has it. */
  private static final class LockClient extends Client {
    private final String path;
    private long sinceNs;

    LockClient(ZooKeeper keeper, String path) {
      super(keeper);
      this.path = path;
    }

    @Override
    void begin() {
      sinceNs = System.nanoTime();
      AsyncCallback.StringCallback created = (code, asked, context, name) -> {
        check(code);
        keeper.delete(path, -1, (deleted, at, given) -> {
          check(deleted);
          record(sinceNs);
          next();
        }, null);
      };
      keeper.create(path, EMPTY, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL, created, null);
    }
  }

  /** The version of a node that all change is a number that nobody else gets. */
  private static final class SequenceClient extends Client {
    private final String path;

    SequenceClient(ZooKeeper keeper, String path) {
      super(keeper);
      this.path = path;
    }

    @Override
    void begin() {
      long sinceNs = System.nanoTime();
      keeper.setData(path, EMPTY, -1, (code, at, context, stat) -> {
        check(code);
        record(sinceNs);
        next();
      }, null);
    }
  }

  /** The longest time in which no client had an answer. */
  private static final class Silence {
    private long lastNs;
    long longestNs;

    synchronized void begin() {
      lastNs = System.nanoTime();
      longestNs = 0;
    }

    synchronized void answered() {
      long nowNs = System.nanoTime();
      longestNs = Math.max(longestNs, nowNs - lastNs);
      lastNs = nowNs;
    }
  }

  /** Never stops asking: what is refused, or lost with its connection, is asked again. */
  private static final class WritingClient extends Client {
    private static final long PAUSE_NS = 4_000_000;
    private final String path;

    WritingClient(ZooKeeper keeper, String path) {
      super(keeper);
      this.path = path;
    }

    @Override
    void begin() {
      long sinceNs = System.nanoTime();
      keeper.setData(path, EMPTY, -1, (code, at, context, stat) -> {
        if (code == 0) {
          silence.answered();
          record(sinceNs);
        } else {
          java.util.concurrent.locks.LockSupport.parkNanos(PAUSE_NS);
        }
        next();
      }, null);
    }
  }

  /** Who waits for the lock that all clients want, and when it was released last. */
  private static final class HandOver {
    final int clients;
    final AtomicInteger waiting = new AtomicInteger();
    /** Only read and written by who holds the lock; 0: not to be counted. */
    volatile long releasedNs;

    HandOver(int clients) {
      this.clients = clients;
    }
  }

  /**
   * One lock that all clients want, by the recipe of ZooKeeper's documentation: from the call that releases it to the
   * next grant. Who holds it waits until all others have asked for it.
   */
  private static final class HandOverClient extends Client {
    private static final long PATIENCE_NS = 50_000;
    private final String root;
    private final HandOver shared;
    private String mine;

    HandOverClient(ZooKeeper keeper, String root, HandOver shared) {
      super(keeper);
      this.root = root;
      this.shared = shared;
    }

    @Override
    void begin() {
      AsyncCallback.StringCallback created = (code, asked, context, name) -> {
        check(code);
        mine = name.substring(root.length() + 1);
        shared.waiting.incrementAndGet();
        look();
      };
      keeper.create(root + "/n-", EMPTY, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL, created, null);
    }

    private void look() {
      AsyncCallback.ChildrenCallback listed = (code, asked, context, children) -> {
        check(code);
        Collections.sort(children);
        int position = children.indexOf(mine);
        if (position == 0) granted();
        else watch(children, position - 1);
      };
      keeper.getChildren(root, false, listed, null);
    }

    private void watch(List<String> children, int position) {
      Watcher watcher = event -> {
        if (event.getType() == Watcher.Event.EventType.NodeDeleted) look();
      };
      AsyncCallback.StatCallback found = (code, asked, context, stat) -> {
        if (code == KeeperException.Code.NONODE.intValue()) look();
        else check(code);
      };
      keeper.exists(root + "/" + children.get(position), watcher, found, null);
    }

    private void granted() {
      long sinceNs = shared.releasedNs;
      if (sinceNs != 0) record(sinceNs);
      shared.waiting.decrementAndGet();
      while (shared.waiting.get() < shared.clients - 1 && !isStopping) {
        java.util.concurrent.locks.LockSupport.parkNanos(PATIENCE_NS);
      }
      shared.releasedNs = isStopping ? 0 : System.nanoTime();
      AsyncCallback.VoidCallback deleted = (code, asked, context) -> {
        check(code);
        next();
      };
      keeper.delete(root + "/" + mine, -1, deleted, null);
    }
  }
}

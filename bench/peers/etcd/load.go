// Makes the load of one job on etcd with its own Go client: each client has a connection and a session of its own
// and one request on its way at a time. Says {"ready":true}, then answers each line "run WARM_MS RECORD_MS" on
// stdin with one line of JSON; ends with stdin.
//
//	load ENDPOINTS WORK CLIENTS
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
	"google.golang.org/grpc/grpclog"
)

const (
	writePatience = 300 * time.Millisecond
	writePause    = 4 * time.Millisecond
)

// What all clients of a run share.
type run struct {
	recording int32
	stopping  int32
	// Of writes: nanoseconds since the run began, of the last answer, and the longest time without one.
	began   time.Time
	last    int64
	silence int64
}

// An answer has come.
func (r *run) answered() {
	now := int64(time.Since(r.began))
	gap := now - atomic.SwapInt64(&r.last, now)
	for {
		longest := atomic.LoadInt64(&r.silence)
		if gap <= longest || atomic.CompareAndSwapInt64(&r.silence, longest, gap) {
			return
		}
	}
}

func (r *run) isStopping() bool { return atomic.LoadInt32(&r.stopping) == 1 }

// One client: operate does one operation and says when the measured part of it began; zero: not to be counted.
type client struct {
	operate func(r *run) (time.Time, error)
	times   []time.Duration
}

type report struct {
	Operations int     `json:"operations"`
	ElapsedMs  float64 `json:"elapsedMs"`
	MeanMs     float64 `json:"meanMs"`
	P50Ms      float64 `json:"p50Ms"`
	P99Ms      float64 `json:"p99Ms"`
	P999Ms     float64 `json:"p999Ms"`
	MaxMs      float64 `json:"maxMs"`
	CPUSeconds float64 `json:"cpuSeconds"`
	SilenceMs  float64 `json:"silenceMs"`
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: load ENDPOINTS WORK CLIENTS"))
	}
	count, err := strconv.Atoi(os.Args[3])
	fail(err)
	clientv3.SetLogger(grpclog.NewLoggerV2(os.Stderr, os.Stderr, os.Stderr))
	clients := open(strings.Split(os.Args[1], ","), os.Args[2], count)
	say(map[string]bool{"ready": true})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var warmMs, recordMs int
		_, err := fmt.Sscanf(lines.Text(), "run %d %d", &warmMs, &recordMs)
		fail(err)
		say(measure(clients, time.Duration(warmMs)*time.Millisecond, time.Duration(recordMs)*time.Millisecond))
	}
}

func open(endpoints []string, work string, count int) []*client {
	clients := make([]*client, count)
	shared := &handOver{clients: count, wake: make(chan struct{}, 1)}
	for number := range clients {
		connection, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 10 * time.Second})
		fail(err)
		clients[number] = &client{operate: operation(connection, work, number, shared)}
	}
	return clients
}

func operation(connection *clientv3.Client, work string, number int, shared *handOver) func(r *run) (time.Time, error) {
	background := context.Background()
	switch work {
	case "lock":
		session, err := concurrency.NewSession(connection)
		fail(err)
		mutex := concurrency.NewMutex(session, fmt.Sprintf("/lock/%d", number))
		return func(*run) (time.Time, error) {
			since := time.Now()
			if err := mutex.Lock(background); err != nil {
				return since, err
			}
			return since, mutex.Unlock(background)
		}
	case "sequence":
		// The revision in the answer is a number that nobody else gets.
		return func(*run) (time.Time, error) {
			since := time.Now()
			_, err := connection.Put(background, "/sequence", "")
			return since, err
		}
	case "writes":
		// Never stops asking: a request that is not answered in time is given up.
		return func(r *run) (time.Time, error) {
			since := time.Now()
			patience, cancel := context.WithTimeout(background, writePatience)
			defer cancel()
			if _, err := connection.Put(patience, "/writes", ""); err != nil {
				time.Sleep(writePause)
				return time.Time{}, nil
			}
			r.answered()
			return since, nil
		}
	case "hand-over":
		session, err := concurrency.NewSession(connection)
		fail(err)
		mutex := concurrency.NewMutex(session, "/hand-over")
		return func(r *run) (time.Time, error) { return shared.operate(r, mutex) }
	}
	fail(fmt.Errorf("%q is no work", work))
	return nil
}

// One lock that all clients want: from the call that releases it to the next grant. Who holds it waits until all
// others have asked for it.
type handOver struct {
	clients  int
	waiting  int32
	released time.Time // Only read and written by who holds the lock.
	wake     chan struct{}
}

func (h *handOver) operate(r *run, mutex *concurrency.Mutex) (time.Time, error) {
	if atomic.AddInt32(&h.waiting, 1) == int32(h.clients-1) {
		h.call()
	}
	if err := mutex.Lock(context.Background()); err != nil {
		return time.Time{}, err
	}
	since := h.released
	end := time.Now()
	atomic.AddInt32(&h.waiting, -1)
	for atomic.LoadInt32(&h.waiting) < int32(h.clients-1) && !r.isStopping() {
		select {
		case <-h.wake:
		case <-time.After(10 * time.Millisecond):
		}
	}
	h.released = time.Now()
	if r.isStopping() {
		h.released = time.Time{}
	}
	if err := mutex.Unlock(context.Background()); err != nil {
		return time.Time{}, err
	}
	if since.IsZero() {
		return since, nil
	}
	// The caller counts up to now: shifts the beginning by what came after the grant.
	return since.Add(time.Since(end)), nil
}

func (h *handOver) call() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func measure(clients []*client, warm, record time.Duration) report {
	r := &run{began: time.Now()}
	var all sync.WaitGroup
	for _, each := range clients {
		each.times = each.times[:0]
		all.Add(1)
		go func(each *client) {
			defer all.Done()
			for !r.isStopping() {
				since, err := each.operate(r)
				fail(err)
				if atomic.LoadInt32(&r.recording) == 1 && !since.IsZero() {
					each.times = append(each.times, time.Since(since))
				}
			}
		}(each)
	}
	time.Sleep(warm)
	began, cpu := time.Now(), cpuSeconds()
	atomic.StoreInt64(&r.silence, 0)
	atomic.StoreInt32(&r.recording, 1)
	time.Sleep(record)
	atomic.StoreInt32(&r.recording, 0)
	r.answered() // A silence that is not over counts up to now.
	silence := atomic.LoadInt64(&r.silence)
	elapsed, cpu := time.Since(began), cpuSeconds()-cpu
	atomic.StoreInt32(&r.stopping, 1)
	all.Wait()
	result := reportOf(clients, elapsed, cpu)
	result.SilenceMs = millis(time.Duration(silence))
	return result
}

func reportOf(clients []*client, elapsed time.Duration, cpu float64) report {
	var times []time.Duration
	for _, each := range clients {
		times = append(times, each.times...)
	}
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	result := report{Operations: len(times), ElapsedMs: millis(elapsed), CPUSeconds: cpu}
	if len(times) == 0 {
		return result
	}
	var sum time.Duration
	for _, each := range times {
		sum += each
	}
	at := func(share float64) float64 { return millis(times[int(share*float64(len(times)-1))]) }
	result.MeanMs = millis(sum) / float64(len(times))
	result.P50Ms, result.P99Ms, result.P999Ms, result.MaxMs = at(0.5), at(0.99), at(0.999), at(1)
	return result
}

func millis(duration time.Duration) float64 { return float64(duration) / float64(time.Millisecond) }

func cpuSeconds() float64 {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	seconds := func(time syscall.Timeval) float64 { return float64(time.Sec) + float64(time.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func say(value interface{}) {
	line, err := json.Marshal(value)
	fail(err)
	fmt.Println(string(line))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

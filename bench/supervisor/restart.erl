%% The floor of bench/supervisor/restart.ts: a worker is told to crash, until its supervisor has started the next one.
%% main(Crashes, OfOneSupervisor) writes one latency in ns a line, then the time of all of them.
-module(restart).
-behaviour(gen_server).
-export([main/1, start_supervisor/0, start_worker/0, init/1, handle_info/2, handle_call/3, handle_cast/2]).

main([Crashes, OfOne]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    register(bench, self()),
    Batches = list_to_integer(Crashes) div list_to_integer(OfOne),
    Results = [batch(list_to_integer(OfOne)) || _ <- lists:seq(1, Batches)],
    [io:format("~w~n", [Latency]) || {Latencies, _} <- Results, Latency <- Latencies],
    io:format("~w~n", [lists:sum([Time || {_, Time} <- Results])]).

%% A new supervisor for each batch: it looks at the list of all restarts within its period at every one.
batch(Crashes) ->
    {ok, Supervisor} = start_supervisor(),
    First = receive {up, Pid, _} -> Pid end,
    Start = erlang:monotonic_time(nanosecond),
    Latencies = crash(First, Crashes, []),
    Time = erlang:monotonic_time(nanosecond) - Start,
    exit(Supervisor, shutdown),
    receive {'EXIT', Supervisor, _} -> {Latencies, Time} end.

crash(_, 0, Latencies) -> Latencies;
crash(Pid, Left, Latencies) ->
    Start = erlang:monotonic_time(nanosecond),
    Pid ! crash,
    receive {up, Next, At} -> crash(Next, Left - 1, [At - Start | Latencies]) end.

start_supervisor() -> supervisor:start_link(?MODULE, supervisor).

start_worker() -> gen_server:start_link(?MODULE, worker, []).

init(supervisor) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 3600},
          [#{id => worker, start => {?MODULE, start_worker, []}}]}};
init(worker) ->
    bench ! {up, self(), erlang:monotonic_time(nanosecond)},
    {ok, none}.

handle_info(crash, _) -> exit(crash).
handle_call(_, _, State) -> {noreply, State}.
handle_cast(_, State) -> {noreply, State}.

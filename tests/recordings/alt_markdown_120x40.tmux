[38;2;255;255;255m[48;2;55;55;55m❯ MARK please[39m                                                                                                           
[49m                                                                                                                     
  [2m▎[0m[39m[49m [3mA quoted remark that is long enough to be wrapped by the terminal at eighty columns and again at one hundred and 
[0m[39m[49m  [2m▎[0m[39m[49m [3mtwenty.[0m[39m[49m                                                                                                          
                                                                                                                     
  - item 0: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 0                            
  - item 1: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 37                        
  - item 2: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 74 
  - item 3: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 111                       
  - item 4: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 148                       
  - item 5: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 185
  - item 6: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 222                       
  - item 7: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 259                       
  - item 8: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 296 
  - item 9: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 333                       
  - item 10: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 370                      
  - item 11: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 407                      
  - item 12: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 444                      
  - item 13: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 481
  - item 14: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 518                      
  - item 15: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 555                      
  - item 16: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 592
  - item 17: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 629                      
  - item 18: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 666                      
  - item 19: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 703
  - item 20: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 740                      
  - item 21: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 777                      
  - item 22: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 814                      
  - item 23: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 851
  - item 24: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 888                      
  - item 25: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 925 
  - item 26: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 962                      
  - item 27: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 999 
  - item 28: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor 1036
  - item 29: lorem ipsum dolor sit amet, conse[38;2;255;255;255m[48;2;55;55;55m Jump to bottom (ctrl+End) ↓ [39m[49mo eiusmod tempor 1073
                                                                                                                      
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
[39m❯ [7m [0m[39m[49m           
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
[39m  [38;2;255;193;7m⏵⏵ auto mode on[38;2;153;153;153m (shift+tab to cycle)[39m                                  
